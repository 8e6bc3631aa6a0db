import assert from "node:assert/strict";
import test from "node:test";

import { load, show } from "../src/card.js";

const h = (kind, props, ...children) => ({ kind, props, children });
const ui = new Proxy({}, { get: (_, name) => name });
const said = (element) =>
  typeof element === "string" ? element : (element?.children ?? []).map(said).join("");
const CARD = { title: "Usedesk, тикет 700", lines: [["Запрос: Сервис", "с 20.11.2026 15:20"], ["DESK-9", ""]], page: "https://bot.example.com/tickets/usedesk/700" };

test("asks the bot once, for the issue that Forge names", async () => {
  const calls = [];
  const answer = await load(async (call) => {
    calls.push(call);
    return { status: 200, body: CARD };
  });
  assert.deepEqual(calls, [{ path: "/forge/panel", method: "GET" }]);
  assert.deepEqual(answer, { card: CARD });
});

test("tells a bot that is away from one that refuses", async () => {
  assert.deepEqual(await load(async () => ({ status: 503 })), { fault: "away" });
  assert.deepEqual(await load(async () => ({ status: 200, body: "<html>" })), { fault: "away" });
  assert.deepEqual(await load(async () => ({ status: 401, body: {} })), { fault: "refused" });
  assert.deepEqual(await load(() => Promise.reject(new Error("timeout"))), { fault: "away" });
});

test("shows every line, and the way to the ticket's page", () => {
  const shown = show(h, ui, { card: CARD });
  assert.equal(said(shown), "Usedesk, тикет 700Запрос: Сервис с 20.11.2026 15:20DESK-9Карточка тикета");
  assert.ok(JSON.stringify(shown).includes(CARD.page));
});

test("shows an issue without a ticket, the wait and a fault", () => {
  assert.equal(said(show(h, ui, { card: { title: "У этой задачи нет тикета", lines: [], page: null } })), "У этой задачи нет тикета");
  assert.match(said(show(h, ui, null)), /смотрит/);
  assert.match(said(show(h, ui, { fault: "away" })), /не отвечает/);
});
