// Says where a question stands in the line, as soon as it waits long enough for somebody to wonder.

const waiting = (() => {
  "use strict";
  const SOON = 800, LATER = 1500; // ms until the place is asked for the first time, and from then on
  const ENDING = { one: "st", two: "nd", few: "rd", other: "th" };
  const rule = new Intl.PluralRules("en", { type: "ordinal" });

  // ahead: questions that wait before this one
  function said(ahead) {
    const place = ahead ? `${ahead + 1}${ENDING[rule.select(ahead + 1)]}` : "next";
    return `Others are being answered: you are ${place} in line`;
  }

  // The host of a component whose questions carry a ticket, and where their place is said. server(): who knows it.
  function inLine(host, server) {
    const node = dom.el("p.exb-line", { role: "status" });
    let ticket = null, timer = 0;
    const rest = () => {
      clearTimeout(timer);
      ticket = null;
      node.textContent = "";
    };
    const look = async () => {
      const mine = ticket;
      const answer = await server()?.place({ ticket: mine }).catch(() => null); // then the answer itself is late, too
      if (ticket !== mine) return;
      if (typeof answer?.ahead !== "number") return rest(); // it is being answered
      const text = said(answer.ahead);
      if (node.textContent !== text) node.textContent = text; // read out when it changes
      timer = setTimeout(look, LATER);
    };
    const trigger = (name, data) => {
      rest();
      ticket = Math.random().toString(36).slice(2);
      timer = setTimeout(look, SOON);
      host.trigger(name, { ...data, ticket });
    };
    host.watch("value", rest);
    return { node, host: { ...host, trigger } };
  }

  return { said, inLine };
})();
