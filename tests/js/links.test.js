import assert from "node:assert/strict";
import test from "node:test";
import { opacity, shape } from "../../exbert_hub/app/static/figure/links.js";

const WIDTH = 50,
  HEIGHT = 60;
const edges = { from: [0, 0, 2], to: [1, 2, 0], weight: [4, 1, 2], count: 3, max: 4 };
const geometry = {
  width: WIDTH,
  top: 0,
  bottom: HEIGHT,
  left: (i) => 10.5 + 20 * i,
  right: (j) => 10.5 + 20 * j,
  strokeWidth: 2,
};
const at = (pixels, x, y) => pixels[y * WIDTH + x] / 255;

test("a link is as opaque as its share of the largest, and crossing links lie over each other", () => {
  const pixels = opacity(edges, geometry);
  assert.equal(at(pixels, 0, 10), 1); // the strongest leaves here
  assert.ok(Math.abs(at(pixels, 0, 50) - 0.5) < 0.01);
  assert.ok(Math.abs(at(pixels, WIDTH - 1, 50) - 0.25) < 0.01);
  assert.equal(at(pixels, 0, 30), 0); // nothing leaves from the second
  const middle = at(pixels, WIDTH / 2, 30); // where the second and the third cross, 1 - (1 - 1/4) (1 - 1/2)
  assert.ok(middle > 0.5 && middle <= 0.63, middle);
});

test("the curve is the Bezier curve of the pictures", () => {
  const { rise } = shape(1001);
  assert.ok(Math.abs(rise[500] - 0.5) < 1e-9);
  for (let x = 0; x < 1001; x++) assert.ok(Math.abs(rise[x] + rise[1000 - x] - 1) < 1e-9);
  for (const t of [0.1, 0.3, 0.8]) {
    const s = 1 - t,
      x = 1.35 * t * s * s + 1.65 * t * t * s + t ** 3,
      y = 3 * t * t * s + t ** 3;
    assert.ok(Math.abs(rise[Math.floor(x * 1001)] - y) < 0.003);
  }
});

test("a part of the picture is the same as that part of the whole", () => {
  const whole = opacity(edges, geometry),
    part = opacity(edges, { ...geometry, top: 15, bottom: 44 });
  assert.deepEqual([...part], [...whole.subarray(15 * WIDTH, 44 * WIDTH)]);
});

test("no link is no pixel", () => {
  assert.ok(opacity({ from: [], to: [], weight: [], count: 0, max: 0 }, geometry).every((value) => value === 0));
});
