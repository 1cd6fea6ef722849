import assert from "node:assert/strict";
import { test } from "node:test";
import { lastAtOrBefore, matches } from "../src/player/find";
import { arriving, causeOf, holeAt, holes, sortGaps, stepBack } from "../src/player/holes";
import { clock } from "../../../court/page/live.js";
import { ticks } from "../src/time";

const segment = (start: number, end: number, playable = true) => ({ sequence: 0, start, end, partial: false, playable });
const gap = (track: string, start: number, end: number, cause: string) => ({ track, start, end, cause, declared: cause === "break" });

test("the word at a time is found between, before and after all words", () => {
  assert.equal(lastAtOrBefore([], 1), -1);
  assert.equal(lastAtOrBefore([1, 2, 3], 0.5), -1);
  assert.equal(lastAtOrBefore([1, 2, 3], 2), 1);
  assert.equal(lastAtOrBefore([1, 2, 3], 2.9), 1);
  assert.equal(lastAtOrBefore([1, 2, 3], 99), 2);
});

test("holes are what no playable segment covers", () => {
  const spans = holes([segment(20, 30), segment(0, 10), segment(30, 40, false)], 50);
  assert.deepEqual(spans, [{ start: 10, end: 20 }, { start: 30, end: 50 }]);
  assert.deepEqual(holes([segment(0, 9.9), segment(10, 20)], 20), [], "a tenth of a second is rounding");
});

test("playback leaves a hole from inside and just before it, and enters nothing at its end", () => {
  const spans = [{ start: 10, end: 20 }];
  assert.equal(holeAt(spans, 9.5), undefined);
  assert.deepEqual(holeAt(spans, 9.95), spans[0]);
  assert.deepEqual(holeAt(spans, 15), spans[0]);
  assert.equal(holeAt(spans, 20), undefined);
});

test("stepping back crosses a hole and counts only what was recorded", () => {
  const spans = [{ start: 80, end: 110 }];
  assert.equal(stepBack(spans, 130, 5), 125);
  assert.ok(Math.abs(stepBack(spans, 112, 5) - 76.85) < 1e-9);
  assert.ok(stepBack(spans, 110, 5) < 76);
  assert.equal(stepBack([], 2, 5), 0);
});

test("a recording is arriving until every second of every track is there or explained", () => {
  const timeline = (end: number) => ({
    state: "ended", duration: 20, mutes: [], notes: [], fills: [], utterances: [], gaps: [gap("mix", 10, 15, "break")],
    tracks: [{ track: "mix", role: "", kind: "audio" as const, derived: true, segments: [segment(0, 10), segment(15, end, false)] }],
  });
  assert.equal(arriving(timeline(18)), true);
  assert.equal(arriving(timeline(20)), false);
});

test("a hole is named by the gap that covers most of it", () => {
  const gaps = [gap("mix", 10, 12, "restart"), gap("mix", 12, 20, "break")];
  assert.equal(causeOf({ start: 10, end: 20 }, gaps), "break");
  assert.equal(causeOf({ start: 30, end: 40 }, gaps), "");
});

test("a break on every track is told once, a lost microphone stays with its track", () => {
  const gaps = [gap("a", 5, 9, "break"), gap("b", 5, 9.1, "break"), gap("b", 20, 21, "device_lost")];
  const sorted = sortGaps(gaps, 2);
  assert.deepEqual(sorted.everywhere.map((one) => one.cause), ["break"]);
  assert.deepEqual(sorted.single.map((one) => one.track), ["b"]);
});

test("search crosses words and forgives case, punctuation and ё", () => {
  const words = ["Суд", "идёт,", "прошу", "встать!", "Суд", "идет"];
  assert.deepEqual(matches(words, "суд идет"), [[0, 1], [4, 5]]);
  assert.deepEqual(matches(words, "вста"), [[3, 3]]);
  assert.deepEqual(matches(words, "  "), []);
  assert.deepEqual(matches(words, "перерыв"), []);
});

test("times are rounded down and labels stand at round times", () => {
  assert.equal(clock(3725.99), "01:02:05");
  assert.deepEqual(ticks(120, 12).slice(0, 3), [0, 10, 20]);
  assert.ok(ticks(8 * 3600, 12).length <= 13);
});
