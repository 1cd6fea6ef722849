import assert from "node:assert/strict";
import { test } from "node:test";
import { both, type Line, recounted } from "../src/editor/rows";

const counted = (text: string): Line => ({ text, at: 1, evidence: "gap:1", counted: true });
const own = (text: string): Line => ({ text, at: null, evidence: "person", counted: false });

test("what the program counted anew takes its old places, and what is new comes last", () => {
  const mine = [own("a"), counted("60 s"), own("b")];
  assert.deepEqual(recounted(mine, [counted("70 s"), counted("5 s"), own("x")]), [own("a"), counted("70 s"), own("b"), counted("5 s")]);
  assert.deepEqual(recounted(mine, [own("x")]), [own("a"), own("b")]);
});

test("both texts are put in once each", () => {
  assert.deepEqual(both([own("a"), own("b")], [own("a"), own("c")]), [own("a"), own("b"), own("c")]);
});
