import assert from "node:assert/strict";
import { test } from "node:test";
import { wordsBefore } from "../src/caret";

test("a line is split at the word that the caret stands before or in", () => {
  const text = "Суд  удаляется на совещание";
  const counts = [0, 3, 4, 5, 7, 14, 15, text.length].map((caret) => wordsBefore(text, caret));
  assert.deepEqual(counts, [0, 1, 1, 1, 1, 2, 2, 4]);
});
