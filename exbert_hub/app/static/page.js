// What the components of one page share. Runs once, whatever number of components brings it along.

const store = new state.Store(saved.kept ? { ...state.DEFAULTS, ...saved.kept.state } : state.fromQuery(location.search));
const bus = new EventTarget();
const parts = {}; // the components that are there

// What a saved page is made of, and who can write one; null where this is one.
function whole() {
  const { view, evidence: shown } = parts;
  if (saved.kept || !view?.value || !shown?.server) return null;
  const inspection = () => ({ ...view.value.inspection, layers: view.layers.packed() });
  const data = () => ({ view: { ...view.value, inspection: inspection() }, evidence: shown.value, profile: shown.layers.keep(), state: store.values, date: new Date().toISOString().slice(0, 10) });
  return { server: shown.server, data, layers: view.layers };
}

window.exbert = {
  maths, palette, state, store, bus, parts, headpage,
  attention(element, host) {
    const line = waiting.inLine(host, () => parts.evidence?.server);
    const view = parts.view = new attentionView.View(element, line.host, store, bus);
    element.append(line.node);
    view.server = () => parts.evidence?.server;
    view.exports = () => exporting.viewItems(view, whole());
    if (!saved.kept) state.bindAddress(store, (values) => view.restore(values));
    bus.addEventListener("text", ({ detail }) => view.ask({ ...detail, mask: [], token: null, window: [] }));
    bus.addEventListener("go", ({ detail }) => view.go(detail));
    parts.setup?.shown();
    return view;
  },
  evidence(element, host) {
    const line = waiting.inLine(host, () => host.server);
    const shown = parts.evidence = new evidence.Evidence(element, { ...line.host, build: () => parts.setup?.builder ?? null }, store, bus);
    element.append(line.node);
    shown.request = () => parts.view.shown.request;
    parts.view?.render(); // it may have waited for somebody to ask
    shown.exports = () => exporting.evidenceItems(shown, host.server, whole());
    return shown;
  },
  setup(element, host) {
    parts.setup = new setup.Setup(element, host, { store, bus, view: () => parts.view, tour: () => parts.tour });
    parts.setup.showTour(); // which may have been there first
    if (parts.evidence && !parts.evidence.results) parts.evidence.draw(); // it may tell that indexes can be built
    return parts.setup;
  },
  tour(element) {
    const follow = (values) => {
      store.address(state.toQuery(values), "push");
      parts.view.restore(values);
    };
    parts.tour = new tour.Tour(element, follow, () => parts.setup?.showTour());
    parts.setup?.shown();
    return parts.tour;
  },
};

window.dispatchEvent(new Event("exbert")); // for components that were there first

// A saved page is its own server: everything is there already.
if (saved.kept) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => document.documentElement.classList.toggle("dark", dark.matches);
  dark.addEventListener("change", follow);
  follow();
  const host = (value) => ({ props: { value: JSON.stringify(value) }, trigger() {}, watch() {} });
  const { view, evidence: shown, date } = saved.kept;
  document.getElementById("exb-origin").textContent = `Saved on ${date}: ${view.request.text}`;
  window.exbert.attention(document.querySelector("#exb-view .exb-mount"), host(view));
  window.exbert.evidence(document.querySelector("#exb-evidence .exb-mount"), host(shown));
}
