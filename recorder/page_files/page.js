import { clock, metered, Keys, Meters, part, typing } from "./live.js";

/** @type {any} */
const data = JSON.parse(document.getElementById("data").textContent);
const { labels, words, sentences, alarms: told } = data;
const keys = new Keys();
const STALE_MS = 3000;
const TRIES = 3;

for (const button of document.querySelectorAll("[name=language]")) {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    document.cookie = `language=${button.value}; path=/; max-age=31536000; samesite=strict`;
    location.reload();
  });
}
const login = document.querySelector('[data-part="login"]');
const panel = document.querySelector('[data-part="panel"]');
if (login) startLogin(login);
if (panel) startPanel(panel);

function startLogin(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await send("/login", Object.fromEntries(new FormData(form)));
    if (answer?.ok) return location.reload();
    const refusal = part(form, "refusal");
    refusal.hidden = false;
    refusal.querySelector("p").textContent = answer ? say(answer.fields.detail) : words.offline;
    form.elements.password.select();
  });
}

function startPanel(root) {
  const meters = new Meters(root, root.dataset.silent);
  let status = null;
  let heard = 0;
  let asking = false;
  let busy = false;

  for (const [index, name] of data.templates.entries()) {
    const button = document.createElement("button");
    button.className = "button";
    button.dataset.template = name;
    button.append(element("span", labels[name]));
    if (index < 9) {
      button.dataset.hotkey = String(index + 1);
      button.append(element("kbd", String(index + 1)));
    }
    part(root, "templates").append(button);
  }
  const languages = document.getElementById("f-language");
  for (const [code, name] of Object.entries(data.languages)) languages.append(new Option(name, code));
  for (const name of data.procedures) document.getElementById("f-procedure").append(new Option(labels[name], name));
  languages.value = data.language === "en" ? "ru" : data.language;

  refresh();
  setInterval(refresh, 1000);
  listen();
  document.querySelector('[data-part="leave"]').addEventListener("click", () => send("/logout", {}).then(() => location.reload()));
  document.addEventListener("keydown", onKey);
  root.addEventListener("click", onClick);
  part(root, "start").addEventListener("submit", (event) => {
    event.preventDefault();
    const card = Object.fromEntries(new FormData(event.target));
    once(async () => {
      const content = JSON.stringify(card);
      const answer = await act("/start", { ...card, key: keys.for(content) });
      if (answer) keys.settle(content);
      if (answer?.ok) event.target.reset();
    });
  });

  function listen() {
    const source = new EventSource("/levels");
    source.addEventListener("levels", (event) => {
      const now = JSON.parse(event.data);
      heard = performance.now();
      if (status && (now.steps !== status.steps || now.orders !== status.orders || now.state !== status.state)) refresh();
      if (now.state && now.state !== "ended") part(root, "clock").textContent = clock(now.seconds);
      meters.show(metered(now));
    });
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, 1000);
    });
  }

  async function refresh() {
    part(root, "lost").hidden = heard === 0 || performance.now() - heard < STALE_MS;
    if (asking) return;
    asking = true;
    try {
      const answer = await fetch("/status");
      if (answer.status === 401) return location.reload();
      if (answer.ok) await show(await answer.json());
    } catch { /* the levels tell that the node is away */ } finally { asking = false; }
  }

  async function show(now) {
    const before = status;
    status = now;
    const live = now.state !== null && now.state !== "ended";
    const shown = live ? now.state : "idle";
    const state = document.getElementById("state");
    state.dataset.state = shown;
    state.dataset.openness = now.openness;
    root.dataset.live = String(live);
    part(root, "room").textContent = live ? now.room : "";
    part(root, "room-name").textContent = now.room;
    part(root, "title").textContent = (live ? now.case_number : "") || now.room;
    part(root, "word").textContent = live ? labels[now.state] : words.idle;
    const meaning = live ? words[`mean_${now.state}`] : "";
    part(root, "meaning").textContent = live && now.by ? `${meaning} ${words.by.replace("{name}", now.by)}` : meaning;
    part(root, "closed").hidden = !live || now.openness !== "closed";
    if (!live) part(root, "clock").textContent = clock(now.state ? now.seconds : 0);
    for (const button of root.querySelectorAll("[data-in]")) button.hidden = !button.dataset.in.split(" ").includes(now.state);
    for (const one of root.querySelectorAll("[data-when]")) one.hidden = one.dataset.when !== now.openness;
    part(root, "unsent").textContent = now.unsent.count
      ? words.unsent.replace("{count}", now.unsent.count).replace("{size}", size(now.unsent.bytes)).replace("{time}", clock(now.unsent.oldest_seconds))
      : words.sent;
    part(root, "free").textContent = now.disk.free === undefined ? "" : size(now.disk.free);
    showAlarms(part(root, "alarms"), alarms(now));
    if (JSON.stringify(before?.tracks) !== JSON.stringify(now.tracks)) showMeters(now.tracks);
    if (before?.hearing !== now.hearing || before?.notes !== now.notes) await showNotes();
  }

  function showMeters(tracks) {
    const list = part(root, "meters");
    list.replaceChildren();
    for (const one of tracks.filter((track) => track.kind === "audio" && track.role)) {
      const meter = part(root, "meter").content.cloneNode(true);
      const [line, name] = [meter.querySelector(".meter"), labels[one.role] ?? one.track];
      line.dataset.track = one.track;
      meter.querySelector(".role").dataset.role = one.role;
      meter.querySelector(".role").textContent = name;
      meter.querySelector(".bar").ariaLabel = name;
      list.append(meter);
    }
  }

  async function showNotes() {
    const answer = await fetch("/notes");
    if (!answer.ok) return;
    const notes = (await answer.json()).reverse().map((note) => {
      const line = document.createElement("li");
      const text = document.createElement("div");
      text.append(element("strong", labels[note.template]), note.text);
      line.append(element("time", clock(note.at)), text);
      return line;
    });
    part(root, "notes").replaceChildren(...notes);
    part(root, "no-notes").hidden = notes.length > 0;
  }

  async function onClick(event) {
    const button = event.target.closest("button");
    // The second click of a double click is not another order, nor another note.
    if (!button || !status || event.detail > 1) return;
    const { step, close, template } = button.dataset;
    if (template) return note(template);
    if (step) return once(() => act(`/${step}`, { hearing: status.hearing, seen: status.steps }));
    if (close !== undefined) {
      button.closest("details").open = false;
      return once(() => act("/openness", { openness: "closed", back_seconds: Number(close), hearing: status.hearing, seen: status.orders }));
    }
    const { hearing, steps, orders } = status;
    if (button.dataset.part === "open" && await sure(words.open_title, words.open_text, words.open_yes)) {
      return once(() => act("/openness", { openness: "open", hearing, seen: orders }));
    }
    if (button.dataset.part === "stop" && await sure(words.stop_title, words.stop_text, words.stop_yes)) {
      return once(() => act("/stop", { hearing, seen: steps }));
    }
  }

  function onKey(event) {
    const field = part(root, "note-text");
    if (event.repeat) {
      if (event.key === "Enter") event.preventDefault();
    } else if (event.key === "Enter" && event.target === field) {
      event.preventDefault();
      if (field.value.trim()) note("free");
      else toast(words.words_needed);
    } else if (/^[1-9]$/.test(event.key) && !typing(event) && root.dataset.live === "true") {
      root.querySelector(`[data-hotkey="${event.key}"]`)?.click();
    }
  }

  async function note(template) {
    const field = part(root, "note-text");
    const text = field.value.trim();
    const content = JSON.stringify([template, text]);
    const answer = await act("/note", { template, text, key: keys.for(content), hearing: status.hearing });
    if (answer) keys.settle(content);
    if (answer?.ok && field.value.trim() === text) field.value = "";
  }

  /** One state change at a time: what is pressed meanwhile was pressed in view of an old state. */
  async function once(deed) {
    if (busy) return;
    busy = true;
    root.classList.add("busy");
    try { await deed(); } finally { busy = false; root.classList.remove("busy"); }
  }

  /** Sends an order and shows the state it led to, or why not. */
  async function act(path, fields) {
    const answer = await send(path, fields);
    if (answer?.status === 401) return location.reload();
    if (!answer) toast(words.offline);
    else if (!answer.ok) toast(say(answer.fields.detail ?? String(answer.status)));
    await refresh();
    return answer;
  }

  function sure(title, text, yes) {
    const dialog = part(root, "confirm");
    dialog.querySelector("h2").textContent = title;
    dialog.querySelector("p").textContent = text;
    dialog.querySelector("[value=yes]").textContent = yes;
    dialog.returnValue = "no";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    });
  }
}

/** An alarm of the node's status in the reader's language (court/alarm_texts.py). */
function alarm({ kind, grade, subject, values }, tracks) {
  const { where, what, cure } = told[kind];
  const role = tracks.find(({ track }) => track === subject)?.role;
  const known = { ...values, sensor: subject, rest: "charge" in values ? ` (${values.charge} %)` : "" };
  if ("free" in values) known.free = size(values.free);
  if ("log" in values) known.log = say(values.log);
  const text = what.replace(/\{(\w+)\}/g, (whole, name) => known[name] ?? whole);
  return { severity: grade === "red" ? "bad" : "warn", text: `${where || labels[role] || subject}: ${text}`, cure };
}

/** What is wrong now, the worst first: [{severity, text, cure}]. */
function alarms(status) {
  const found = status.alarms.map((one) => alarm(one, status.tracks));
  if (status.message) found.push({ severity: "bad", text: say(status.message), cure: "" });
  if (status.unsent.count && status.delivery) found.push({ severity: "info", text: words.undelivered, cure: say(status.delivery) });
  return found;
}

function showAlarms(list, found) {
  const text = JSON.stringify(found);
  if (list.dataset.shown === text) return; // a screen reader would say it again every second
  list.dataset.shown = text;
  list.replaceChildren(...found.map(({ severity, text, cure }) => {
    const line = document.createElement("li");
    line.className = `alert ${severity}`;
    const told = document.createElement("div");
    told.append(element("p", text));
    if (cure) told.append(element("p", cure, "small"));
    line.append(told);
    return line;
  }));
}

/** Sends JSON, again where no answer came: the node knows what it has done already. Null if it cannot be reached. */
async function send(path, fields) {
  for (let tried = 1; tried <= TRIES; tried += 1) {
    try {
      const answer = await fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Courtrec-Page": "1" },
        body: JSON.stringify(fields),
      });
      return { ok: answer.ok, status: answer.status, fields: await answer.json().catch(() => ({})) };
    } catch {
      if (tried < TRIES) await new Promise((resolve) => setTimeout(resolve, 500 * tried));
    }
  }
  return null;
}

/** A sentence of the node, and what stands in it, in the reader's language; as court/sentences.py does. */
function say(sentence) {
  for (const [message, said] of Object.entries(sentences)) {
    const names = [...message.matchAll(/\{(\w+)\}/g)].map((one) => one[1]);
    const pattern = message.split(/\{\w+\}/).map((one) => one.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("(.+?)");
    const found = new RegExp(`^${pattern}$`, "s").exec(sentence);
    if (!found) continue;
    const values = Object.fromEntries(names.map((name, place) => [name, within(found[place + 1])]));
    return said.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }
  return sentence;
}

function within(text) {
  const bare = text.replace(/^'|'$/g, "");
  if (labels[bare]) return labels[bare];
  const said = say(text);
  return said === text ? say(`${text}.`).replace(/\.$/, "") : said;
}

function size(bytes) {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  const step = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const amount = new Intl.NumberFormat(data.language, { maximumFractionDigits: 1 }).format(bytes / 1024 ** step);
  return `${amount} ${words[units[step]]}`;
}

function element(name, text, kind = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function toast(text) {
  const line = element("p", text);
  document.getElementById("toasts").append(line);
  setTimeout(() => line.remove(), 7000);
}
