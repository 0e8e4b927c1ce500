// The three cases of the paper (Hoover et al. 2019, section 4) on the embedded demo: links, and what to look at.
// Every number here is compared with what is shown by tests/ui/test_tour.py; docs/paper_cases.md has the tables.

/** @import { State } from "../core/types.js" */

const TEXT = "The girl ran to a local pub to escape the din of her city.";
const ESCAPE = 10; // position of its piece, as the next
const PUB = 7; // of its first one

/** @type {{ title: string, section: string, state: Partial<State>, sentences: string[] }[]} */
export const CASES = [
  {
    title: "Behind the mask",
    section: "4.1",
    state: { text: TEXT, mask: [ESCAPE], token: ESCAPE, layer: 3, search: true, profile: "pos" },
    sentences: [
      "“escape” is masked; the bars show, layer by layer, which parts of speech the 50 corpus words nearest to " +
        "the mask have.",
      "At emb, before any attention, 45 of them are determiners and none is a verb: all that is known is that a " +
        "word is missing.",
      "From layer 1 on at least 40 of 50 are verbs: the words around it have told the model what must stand there.",
    ],
  },
  {
    title: "Behind the heads",
    section: "4.2",
    state: {
      text: TEXT,
      mask: [ESCAPE],
      token: ESCAPE,
      layer: 3,
      heads: [8],
      by: "heads",
      search: true,
      match: "dep",
      attended: "dep",
    },
    sentences: [
      "The same mask, compared by what head 3-8 alone puts out: 28 of the 50 matches are adverbial clauses (advcl), " +
        "the role of “escape”.",
      "In 46 of 50 the token they attend to most is an auxiliary (aux), 11 times as often as in the corpus: it " +
        "looks for the “to” of an infinitive.",
      "In the paper two heads together were sharper than one; here they are not: switch head 2 on, search again, " +
        "and 25 are left of the 28.",
    ],
  },
  {
    title: "Behind the position",
    section: "4.3",
    state: { text: TEXT, token: PUB, layer: 0, heads: [2], by: "heads", search: true, attended: "offset" },
    sentences: [
      "Nothing is masked, head 0-2 is shown alone: the curve from “pu”, the first piece of “pub”, leads to the " +
        "piece before it.",
      "So it is in the corpus: in 50 of 50 matches the token attended to most is at offset -1.",
      "But mind the base rate, 95%: this head looks one piece back nearly everywhere, so the match tells of its " +
        "position and nothing of “pub”.",
    ],
  },
];
