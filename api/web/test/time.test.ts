import assert from "node:assert/strict";
import { test } from "node:test";
import { zoned } from "../src/time";

test("a moment is told by the court's clock of that day, with its offset", () => {
  const months = ["қаңтар", "ақпан", "наурыз", "сәуір", "мамыр", "маусым", "шілде", "тамыз", "қыркүйек", "қазан", "қараша", "желтоқсан"];
  const told = (at: string, zone: string) => zoned(at, { months, zone });
  assert.equal(told("2026-11-22T09:00:00Z", "Asia/Bishkek"), "22 қараша 2026, 15:00 (UTC+06:00)");
  assert.equal(told("2024-02-01T21:30:00Z", "Asia/Almaty"), "2 ақпан 2024, 03:30 (UTC+06:00)");
  assert.equal(told("2026-01-31T19:30:00Z", "Asia/Almaty"), "1 ақпан 2026, 00:30 (UTC+05:00)");
  assert.match(told("2026-02-01T21:30:00Z", "UTC"), /\(UTC\+00:00\)$/);
});
