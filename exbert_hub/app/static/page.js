// What the components of one page share. Runs once, whatever number of components brings it along.

const store = new state.Store(state.fromQuery(location.search));
const bus = new EventTarget();
window.exbert = {
  maths, palette, state, store, bus,
  attention(element, host) {
    const view = new attentionView.View(element, host, store, bus);
    state.bindAddress(store, (values) => view.restore(values));
    bus.addEventListener("text", ({ detail }) => view.ask({ ...detail, mask: [], token: null }));
    return view;
  },
  evidence(element, host) {
    return new evidence.Evidence(element, host, store, bus);
  },
};
