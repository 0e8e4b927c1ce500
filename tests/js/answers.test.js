import test from "node:test";
import assert from "node:assert/strict";
import { LatestQuestion, NO_ANSWER, QuestionQueue, answered } from "../../exbert_hub/app/static/core/answers.js";

test("one question at a time, and after it only the latest", () => {
  const sent = [],
    asker = new QuestionQueue((question) => sent.push(question));
  assert.ok(asker.answers({ n: 0 })); // the value that the page came with
  for (const n of [1, 2, 3]) asker.ask({ n });
  assert.deepEqual(sent, [{ n: 1 }]);
  assert.ok(!asker.answers({ n: 1 }));
  assert.deepEqual(sent, [{ n: 1 }, { n: 3 }]);
  assert.ok(asker.answers({ n: 3 }));
  asker.ask({ n: 4 });
  assert.equal(sent.length, 3);
});

test("a lost answer does not hold up the page for ever", () => {
  const sent = [],
    asker = new QuestionQueue((question) => sent.push(question), 0);
  asker.ask(1);
  asker.ask(2);
  assert.deepEqual(sent, [1, 2]);
});

test("no answer is an answer that says so", async () => {
  const lost = { notice: NO_ANSWER };
  assert.deepEqual(await answered(Promise.resolve(undefined)), lost);
  assert.deepEqual(await answered(Promise.reject(new Error("gone"))), lost);
  assert.deepEqual(await answered(undefined), lost); // nobody to ask
  assert.deepEqual(await answered(Promise.resolve({ n: 1 })), { n: 1 });
});

test("an answer to an earlier question is stale, in whatever order the answers come", async () => {
  const latest = new LatestQuestion();
  const answers = {};
  const ask = (n) => latest.ask({ n }, () => new Promise((done) => (answers[n] = () => done({ n }))));
  const [first, second] = [ask(1), ask(2)];
  assert.ok(latest.is({ n: 2 }) && !latest.is({ n: 1 }));
  answers[2]();
  answers[1]();
  assert.equal(await first, null);
  assert.deepEqual(await second, { n: 2 });
});

test("a question that nobody wants any more has no answer", async () => {
  const latest = new LatestQuestion();
  const asking = latest.ask(1, () => Promise.resolve({ n: 1 }));
  latest.forget();
  assert.equal(await asking, null);
  const other = latest.ask(1, () => Promise.resolve({ n: 1 }));
  latest.set(2);
  assert.equal(await other, null);
});
