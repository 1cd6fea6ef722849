import assert from "node:assert/strict";
import { test } from "node:test";
import { numberIn } from "../src/protocol_number";

const NUMBER = "019ab000-0000-7000-8000-000000000001-r12";

function named(text: string): string {
  return numberIn(new TextEncoder().encode(text).buffer as ArrayBuffer);
}

test("a PDF says which protocol it is, however it writes its link", () => {
  const link = `/URI (https://court.test/verify?protocol=${NUMBER})`;
  assert.equal(named(`%PDF-1.7\n${link}`), NUMBER);
  assert.equal(named(`%PDF-1.7\n${link.replace(/[^0-9a-zA-Z()\/ ]/g, (one) => `\\${one.charCodeAt(0).toString(8).padStart(3, "0")}`)}`), NUMBER);
});

test("what is no PDF, or bears no number, says none", () => {
  assert.equal(named(`https://court.test/verify?protocol=${NUMBER}`), "");
  assert.equal(named("%PDF-1.7 /verify?protocol=019ab000-r1"), "");
});
