// What the pages do better with a script. Without it everything still works:
// links are links and forms are forms.
"use strict";

const one = (selector, from = document) => from.querySelector(selector);
const all = (selector, from = document) => [...from.querySelectorAll(selector)];

// Menus close when one clicks elsewhere or presses Escape.
document.addEventListener("click", (event) => {
  for (const menu of all("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  if (!event.target.closest(".find")) closeCompletion();
});

// Folders: folded where the screen is narrow.
const fold = one(".side-fold");
if (fold && matchMedia("(max-width: 52rem)").matches) fold.open = false;
// The page shows what was opened: it is read. A PDF, and what no page shows, is
// read when it is fetched.
function read() {
  for (const row of all(".row.open")) {
    row.classList.remove("unread");
    one(".state + .hidden-text", row)?.remove();
  }
}
if (one(".message[data-read]")) read();
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-reads]")) return;
  read();
  // Fetching it reads it; a moment later there is one less to count.
  setTimeout(countAgain, 1500);
});
function countAgain() {
  const back = one(".message [data-key=u]");
  if (back) htmx.ajax("GET", back.href, { target: "#folders", select: "#folders", swap: "outerHTML ignoreTitle:true" });
}

// A PDF is drawn in a frame that may fetch nothing of a box: it tells when it is
// there, and is handed the document and what draws it.
const handing = new WeakSet();
async function hand(frame) {
  if (handing.has(frame)) return;
  handing.add(frame);
  const parts = frame.dataset.parts.split(" ").map(async (url) => (await fetch(url)).text());
  const [pdf, drawing] = await Promise.all([fetched(frame.dataset.pdf), Promise.all(parts).catch(() => null)]);
  handing.delete(frame);
  frame.contentWindow?.postMessage({ pdf, drawing }, "*", pdf ? [pdf] : []);
  const message = frame.closest(".message:not([data-read])");
  if (!pdf || !message) return;
  message.dataset.read = "";
  read();
  countAgain();
}
async function fetched(url) {
  const answer = await fetch(url).catch(() => null);
  const isPdf = answer?.ok && answer.headers.get("content-type") === "application/pdf";
  return isPdf ? answer.arrayBuffer().catch(() => null) : null;
}
addEventListener("message", ({ source, data }) => {
  const frame = all("iframe[data-pdf]").find((frame) => frame.contentWindow === source);
  if (!frame) return;
  if (data === "ready") hand(frame);
  else if (["j", "k", "u"].includes(data?.key) && areKeysOn()) KEYS[data.key]();
});
// One that could draw before this script ran has told nobody.
for (const frame of all("iframe[data-pdf]")) frame.contentWindow.postMessage("ready?", "*");

// What opens a box whole is not bounded to a part of it.
function bound() {
  const whole = one("[data-whole]");
  if (whole) one("[data-bounds]").disabled = whole.value === whole.dataset.whole;
}
bound();
document.addEventListener("change", (event) => { if (event.target.matches("[data-whole]")) bound(); });

// Select all.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-all]")) {
    for (const box of all(".rows input[type=checkbox]")) box.checked = event.target.checked;
  }
});

// A message that was opened in its pane: the page reads, the row was read.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target.id !== "reading" && event.detail.elt.id !== "reading") return;
  const message = one("#reading .message");
  document.body.classList.toggle("reading", Boolean(message));
  if (!message) return;
  document.title = message.dataset.title + " · e-Box";
  for (const row of all(".row.open")) mark(row, false);
  const link = all(".row-link").find((link) => link.pathname === location.pathname);
  if (link) mark(link.closest(".row"), true);
  if (message.matches("[data-read]")) read();
  const heading = one("h1", message);
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  one("#reading").scrollTop = 0;
});

// Asked too often: the answer says to wait, and takes the last one's place.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 429) event.detail.shouldSwap = true;
});

function mark(row, isOpen) {
  row.classList.toggle("open", isOpen);
  const link = one(".row-link", row);
  if (isOpen) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
}

// Completion: arrows move, Enter follows, Escape closes.
function options() { return all("#completion [role=option]"); }
function closeCompletion() {
  const list = one("#completion");
  if (list) { list.replaceChildren(); one("#q").setAttribute("aria-expanded", "false"); }
}
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "completion") {
    one("#q").setAttribute("aria-expanded", String(options().length > 0));
    options().forEach((option, index) => { option.id = "option-" + index; });
  }
});
function completionKey(event) {
  const list = options();
  if (event.key === "Escape") { closeCompletion(); return; }
  if (!list.length) return;
  const at = list.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (event.key === "Enter" && at >= 0) { event.preventDefault(); one("a", list[at]).click(); return; }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const next = (at + step + list.length) % list.length;
  list.forEach((option, index) => option.setAttribute("aria-selected", String(index === next)));
  event.target.setAttribute("aria-activedescendant", list[next].id);
}

// Keys of the list. Never while somebody types, never with a modifier; whoever
// speaks to the machine, or strays over the keyboard, turns them off (WCAG 2.1.4).
const KEYS_OFF = "facteur-keys-off";
const areKeysOn = () => localStorage.getItem(KEYS_OFF) === null;
for (const link of all("[data-keys]")) {
  link.hidden = false;
  link.addEventListener("click", () => one("#keys").showModal());
}
const keysOn = one("[data-keys-on]");
if (keysOn) {
  keysOn.checked = areKeysOn();
  keysOn.addEventListener("change", () => {
    if (keysOn.checked) localStorage.removeItem(KEYS_OFF);
    else localStorage.setItem(KEYS_OFF, "yes");
  });
}
document.addEventListener("keydown", (event) => {
  if (event.target.id === "q") { completionKey(event); return; }
  if (event.key === "Escape") for (const menu of all("details.menu[open]")) menu.open = false;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input:not([type=checkbox]), select, textarea")) return;
  if (event.key.length === 1 && !areKeysOn()) return;
  if (CHANGING.includes(event.key) && !event.target.closest(".row, .reading-pane")) return;
  const act = KEYS[event.key];
  if (act && act() !== false) event.preventDefault();
});

// What changes a message acts only where one is: on its row, or in it.
const CHANGING = ["x", "e", "h"];
const KEYS = {
  j: () => step(1), k: () => step(-1), ArrowDown: () => stepIfInList(1), ArrowUp: () => stepIfInList(-1),
  x: () => press(currentRow() && one("input", currentRow())),
  e: () => press(actingButton("e")), h: () => press(actingButton("h")),
  u: () => press(one(".message [data-key=u]")),
  l: () => press(one(".message [data-key=l]")),
  "/": () => { const find = one("#q"); if (!find) return false; find.focus(); find.select(); },
  "?": () => { const keys = one("#keys"); if (!keys) return false; keys.showModal(); },
};

function press(what) { if (!what) return false; what.click(); }
function rows() { return all(".row"); }
function currentRow() { return document.activeElement.closest(".row") || one(".row.open"); }
function stepIfInList(by) { return document.activeElement.closest(".rows") ? step(by) : false; }
function step(by) {
  const list = rows();
  if (!list.length) return false;
  const at = list.indexOf(currentRow());
  const next = list[at < 0 ? 0 : Math.min(list.length - 1, Math.max(0, at + by))];
  const link = one(".row-link", next);
  link.focus();
  if (document.body.classList.contains("reading") && next !== list[at]) link.click();
}
// A key acts on what is selected, or else on the row one is on.
function actingButton(key) {
  if (!one(".rows input:checked")) {
    const row = currentRow();
    if (!row) return null;
    one("input", row).checked = true;
  }
  return one(`#many [data-key="${key}"]`);
}
