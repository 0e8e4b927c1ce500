// A long text in one strip: how much attention each piece has, and where the window is. It moves the window.

const overview = (() => {
  "use strict";
  const { el } = dom;
  const HEIGHT = 30, STEP = 8; // px; pieces per arrow key

  class Overview {
    // move(ordinal): the window is to begin with that visible unit
    constructor(name, move) {
      this.move = move;
      this.name = name;
      this.said = el("span.exb-overview-said");
      this.canvas = el("canvas", { "aria-hidden": "true" });
      this.thumb = el("div.exb-overview-window", { "aria-hidden": "true" });
      this.track = el("div.exb-overview-track", { role: "slider", tabindex: 0, "aria-label": name, "aria-valuemin": 1, "aria-orientation": "horizontal" }, this.canvas, this.thumb);
      this.track.addEventListener("keydown", (event) => this.key(event));
      this.track.addEventListener("pointerdown", (event) => this.grab(event));
      this.track.addEventListener("pointermove", (event) => { if (this.grip !== null) this.drag(event); });
      for (const end of ["pointerup", "pointercancel"]) this.track.addEventListener(end, () => { this.grip = null; });
      this.grip = null; // where in the window, in units, it was taken hold of
      this.node = el("div.exb-overview", { hidden: true }, el("div.exb-overview-head", {}, el("span.exb-label", {}, name), this.said), this.track);
      this.wide = 0; // px; measured when the browser lays out, never while we draw
      new ResizeObserver(([{ contentRect }]) => { this.wide = Math.round(contentRect.width); this.paint(); }).observe(this.track);
    }

    // start, size: the window among `total` units; values: their attention, null while it is not here; starts: where the
    // second text begins, or null; said: what the strip shows
    update(view) {
      const { start, size, total, said } = this.view = view;
      this.node.hidden = size >= total;
      if (this.node.hidden) return;
      dom.say(this.said, said);
      this.thumb.style.left = `${(100 * start) / total}%`;
      this.thumb.style.width = `${(100 * size) / total}%`;
      for (const [name, value] of [["valuemax", total - size + 1], ["valuenow", start + 1], ["valuetext", `${start + 1} to ${start + size} of ${total}`]]) {
        dom.put(this.track, `aria-${name}`, String(value));
      }
      this.paint();
    }

    paint() {
      const width = this.wide;
      if (!this.view || this.node.hidden || !width) return;
      const { values, total, starts } = this.view;
      const { pen } = figure.sizedCanvas(this.canvas, width, HEIGHT), colours = figure.colours(this.track);
      const bars = new Float32Array(Math.min(width, total)); // where units share a bar the largest stays
      values?.forEach((value, i) => { const at = Math.floor((i * bars.length) / total); bars[at] = Math.max(bars[at], value); });
      const max = maths.largest(bars), wide = width / bars.length;
      pen.fillStyle = `rgb(${colours.accent})`;
      bars.forEach((value, i) => {
        const high = max ? Math.sqrt(value / max) * (HEIGHT - 3) : 0; // the square root: faint attention shows
        pen.fillRect(i * wide, HEIGHT - high, Math.max(1, wide - 0.5), high);
      });
      if (starts === null) return;
      pen.fillStyle = `rgb(${colours.muted})`;
      pen.fillRect(Math.round((starts * width) / total), 0, 1.5, HEIGHT);
    }

    at(event) {
      const box = this.track.getBoundingClientRect();
      return ((event.clientX - box.left) / box.width) * this.view.total;
    }

    grab(event) {
      const { start, size } = this.view, at = this.at(event);
      this.track.setPointerCapture(event.pointerId);
      this.grip = at >= start && at < start + size ? at - start : size / 2;
      this.drag(event);
    }

    drag(event) {
      this.go(Math.round(this.at(event) - this.grip));
    }

    key(event) {
      const { start, size, total } = this.view;
      const step = { ArrowRight: STEP, ArrowDown: STEP, ArrowLeft: -STEP, ArrowUp: -STEP, PageDown: size, PageUp: -size, Home: -total, End: total }[event.key];
      if (!step) return;
      event.preventDefault();
      this.go(start + step);
    }

    go(ordinal) {
      const { start, size, total } = this.view;
      const to = Math.min(total - size, Math.max(0, ordinal));
      if (to !== start) this.move(to);
    }
  }

  return { Overview };
})();
