import assert from "node:assert/strict";
import { test } from "node:test";
import { zoned } from "../src/time";

test("a moment is told by the court's clock of that day, with its offset", () => {
  const told = (at: string, zone: string) => zoned(at, { locale: "ru", zone });
  assert.equal(told("2026-11-22T09:00:00Z", "Asia/Bishkek"), "22 ноября 2026 г. в 15:00 (UTC+06:00)");
  assert.match(told("2024-02-01T21:30:00Z", "Asia/Almaty"), /^2 февраля 2024 г. в 03:30 \(UTC\+06:00\)$/);
  assert.match(told("2026-02-01T21:30:00Z", "Asia/Almaty"), /^2 февраля 2026 г. в 02:30 \(UTC\+05:00\)$/);
  assert.match(told("2026-02-01T21:30:00Z", "UTC"), /\(UTC\+00:00\)$/);
});
