// Small helpers around the DOM. Text reaches the page through text nodes only, never as HTML.

const dom = (() => {
  "use strict";

  // el("button.exb-chip", { type: "button", onclick }, "text", child): attributes, listeners and children in one call.
  function el(selector, attributes = {}, ...children) {
    const [tag, ...classes] = selector.split(".");
    const node = document.createElement(tag);
    if (classes.length) node.className = classes.join(" ");
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (name === "style") for (const [property, setting] of Object.entries(value)) node.style.setProperty(property, setting);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }

  function fill(node, ...children) {
    node.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
  }

  // As `fill`; what had the focus is found again by its name, as far as it is still there and can take it.
  function refill(node, ...children) {
    const name = (one) => one.getAttribute("aria-label") ?? one.dataset.value;
    const focused = node.contains(document.activeElement) ? name(document.activeElement) : null;
    fill(node, ...children);
    if (focused === null) return;
    const able = [...node.querySelectorAll("[aria-label], [data-value]")].filter((one) => !one.disabled && one.tabIndex >= 0);
    (able.find((one) => name(one) === focused) ?? able[0])?.focus();
  }

  // An attribute, or a text, that is written only where it is another: each writing makes the browser style, lay out
  // and paint again.
  function put(node, name, value) {
    if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  }

  function say(node, text) {
    if (node.textContent !== text) node.textContent = text;
  }

  // One tab stop for a row or column of items; the arrow keys move among them.
  function roving(container, items, current = 0) {
    items.forEach((item, i) => put(item, "tabindex", i === current ? "0" : "-1"));
    container.onkeydown = (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const at = items.indexOf(event.target.closest("[tabindex]"));
      const next = event.key === "Home" ? 0 : event.key === "End" ? items.length - 1 : step && at >= 0 ? at + step : -1;
      if (!(next >= 0 && next < items.length) || (at < 0)) return;
      event.preventDefault();
      items[at].tabIndex = -1;
      items[next].tabIndex = 0;
      items[next].focus();
    };
  }

  // One tab stop for a table of cells; the arrow keys go through rows and columns. rows: lists of elements
  function walkGrid(event, rows) {
    const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
    const row = rows.findIndex((cells) => cells.includes(event.target));
    if (!step || row < 0) return;
    event.preventDefault();
    const line = rows[row + step[0]];
    const next = line?.[Math.min(line.length - 1, rows[row].indexOf(event.target) + step[1])];
    if (!next) return;
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }

  // A row of buttons of which exactly one is chosen. options: [{value, label, title, gap}]; a gap is shown as one.
  function segmented(label, options, chosen, onchange) {
    const group = el("div.exb-segmented", { role: "radiogroup", "aria-label": label });
    const buttons = options.map((option) => el("button", {
      type: "button", role: "radio", title: option.title, "data-gap": option.gap, "data-value": String(option.value),
      onclick: () => onchange(option.value),
    }, option.label));
    group.append(...buttons);
    const select = (value) => {
      buttons.forEach((button, i) => put(button, "aria-checked", String(options[i].value === value)));
      roving(group, buttons, Math.max(0, options.findIndex((option) => option.value === value)));
    };
    select(chosen);
    return { node: group, select, buttons };
  }

  function toggle(label, title, onchange) {
    const node = el("button.exb-switch", { type: "button", role: "switch", title, onclick: () => onchange(node.getAttribute("aria-checked") !== "true") },
      el("span.exb-knob", { "aria-hidden": "true" }), el("span", {}, label));
    return { node, set: (on) => put(node, "aria-checked", String(on)) };
  }

  function dropdown(label, options, chosen, onchange) {
    const select = el("select.exb-select", { "aria-label": label, onchange: () => onchange(select.value) },
      ...options.map(({ value, label: name }) => el("option", { value, selected: value === chosen }, name)));
    return select;
  }

  // A floating card beside an element; one per page, so that it can leave the pane it belongs to.
  function tooltip(owner) {
    const card = el("div.exb-tooltip", { role: "tooltip", hidden: true });
    owner.append(card);
    return {
      show(anchor, ...content) {
        fill(card, ...content);
        card.hidden = false;
        const box = anchor.getBoundingClientRect(), own = card.getBoundingClientRect();
        const left = Math.min(Math.max(8, box.left + box.width / 2 - own.width / 2), window.innerWidth - own.width - 8);
        const above = box.top - own.height - 8;
        card.style.left = `${left}px`;
        card.style.top = `${above >= 8 ? above : box.bottom + 8}px`;
      },
      hide() { card.hidden = true; },
      text: () => (card.hidden ? "" : [...card.querySelectorAll("strong, dt, dd")].map((part) => part.textContent).join(" ")),
    };
  }

  const percent = (share) => `${(100 * share).toFixed(share > 0 && share < 0.0995 ? 1 : 0)}%`;

  return { el, fill, refill, put, say, roving, walkGrid, segmented, toggle, dropdown, tooltip, percent };
})();
