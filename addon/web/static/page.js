"use strict";
// Keeps the page true: asks what is new, more often while a run goes on, and never while nobody looks.

const IDLE = 15000;
const RUNNING = 2000;
const PATIENCE = 30000;
const LOST = "Kometa-AI does not answer; it is asked again.";
const answer = document.getElementById("answer");
const buttons = [...document.querySelectorAll("button[data-command]")];
const shown = new Map();
let timer = 0;
let asking = false;
let again = false;
let lost = false;
let running = false;

const say = (sentence, mood = "") => {
  answer.textContent = sentence;
  answer.dataset.mood = mood;
};

const put = (id, html) => {
  // The same again would only take the focus away.
  if (shown.get(id) === html) return;
  shown.set(id, html);
  document.getElementById(id).innerHTML = html; // escaped by the templates
};

const allow = (commands) => {
  for (const button of buttons) {
    // Not "disabled": who has just pressed it with the keyboard would lose their place.
    button.setAttribute("aria-disabled", String(!commands.includes(button.dataset.command)));
  }
};

const address = (path) => {
  const url = new URL(path, location.href);
  // Of a bookmark such as http://me:password@host:8099/: fetch refuses an address with a login in it,
  // which the browser sends by itself.
  url.username = url.password = "";
  return url;
};

const ask = async (path, more = {}) => {
  // A phone that comes back to a dead connection would wait for ever, and ask nothing more meanwhile.
  const signal = AbortSignal.timeout?.(PATIENCE);
  const response = await fetch(address(path), { cache: "no-store", credentials: "same-origin", signal, ...more });
  const isJson = (response.headers.get("Content-Type") ?? "").startsWith("application/json");
  const told = isJson ? await response.json() : await response.text();
  return { ok: response.ok, told, isJson };
};

const show = async (news) => {
  if (news.version !== document.body.dataset.version) {
    location.reload();
    return;
  }
  const headline = document.getElementById("headline");
  if (headline.textContent !== news.headline) headline.textContent = news.headline;
  document.getElementById("status").dataset.mood = news.mood;
  for (const [id, html] of Object.entries(news.parts)) put(id, html);
  allow(news.press);
  running = news.running;
  if (news.report !== document.body.dataset.report) {
    const { ok, told } = await ask("report");
    if (ok) {
      put("last", told);
      document.body.dataset.report = news.report;
    }
  }
};

const look = async () => {
  clearTimeout(timer);
  if (document.hidden) return;
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    const { ok, told, isJson } = await ask("status");
    if (!ok || !isJson) {
      lost = true;
      say(isJson ? LOST : told, "bad");
    } else {
      if (lost) say("");
      lost = false;
      await show(told);
    }
  } catch {
    lost = true;
    say(LOST, "bad");
  } finally {
    asking = false;
    timer = setTimeout(look, again ? 0 : running ? RUNNING : IDLE);
    again = false;
  }
};

const press = async (button) => {
  if (button.getAttribute("aria-disabled") === "true") return;
  allow([]);
  say("");
  try {
    const { ok, told, isJson } = await ask("command", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ command: button.dataset.command }),
    });
    say(isJson ? told.sentence : told, ok ? "good" : "bad");
  } catch {
    say("Kometa-AI did not answer; whether it heard is not known.", "bad");
  }
  await look();
};

for (const button of buttons) {
  button.disabled = false;
  button.addEventListener("click", () => press(button));
}
allow(buttons.filter((one) => !("senseless" in one.dataset)).map((one) => one.dataset.command));
document.addEventListener("visibilitychange", look);
look();
