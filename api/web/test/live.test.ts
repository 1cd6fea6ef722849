import assert from "node:assert/strict";
import { test } from "node:test";
import { Keys, PeakHold, percent } from "../../../court/page/live.js";

test("the meter spans −60 to 0 dB", () => {
  assert.equal(percent(-90), 0);
  assert.equal(percent(-30), 50);
  assert.equal(percent(0), 100);
});

test("a peak is held, then falls, and a louder one takes over at once", () => {
  const hold = new PeakHold();
  assert.equal(hold.add(-10, 0), -10);
  assert.equal(hold.add(-50, 1000), -10);
  assert.equal(hold.add(-50, 2500), -30);
  assert.equal(hold.add(-5, 2600), -5);
});

test("what was not confirmed is sent again under its key, what was done is not", () => {
  const keys = new Keys();
  const first = keys.for("motion");
  assert.match(first, /^[0-9a-f]{32}$/);
  assert.equal(keys.for("motion"), first);
  assert.notEqual(keys.for("ruling"), first);
  keys.settle("motion");
  assert.notEqual(keys.for("motion"), first);
});
