// Draws one PDF. The page around hands it over, and PDF.js with it: this frame
// belongs to no origin, and keeps nothing that it fetched. Scripts that a
// document carries are not run, and its forms are not filled in.
const one = (selector) => document.querySelector(selector);
const folder = new URL(document.documentElement.dataset.pdfjs, location.href).href;

function say(state) {
  for (const note of document.querySelectorAll("[data-state]")) note.hidden = note.dataset.state !== state;
  one(".bar").hidden = state !== "shown";
}

const address = (script) => URL.createObjectURL(new Blob([script], { type: "text/javascript" }));

// A worker that is a module may not come from a frame without an origin; one that
// imports it may. What it is told before it has is lost.
function worker(script) {
  const begin = `import(${JSON.stringify(address(script))}).then(() => postMessage("begun"), () => postMessage("failed"));`;
  const worker = new Worker(address(begin));
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => { if (data === "begun") resolve(worker); else if (data === "failed") reject(data); };
    worker.onerror = reject;
  });
}

async function load([library, viewer, script, style]) {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [await sheet.replace(style), ...document.adoptedStyleSheets];
  const pdfjs = await import(address(library));
  const parts = await import(address(viewer));
  pdfjs.GlobalWorkerOptions.workerPort = await worker(script);
  return { pdfjs, parts };
}

// The words of this frame stand in its page; those of PDF.js are not used.
const l10n = { getLanguage: () => document.documentElement.lang, getDirection: () => "ltr", get: async () => "", translate() {}, pause() {}, resume() {} };

function viewer({ pdfjs, parts }) {
  const eventBus = new parts.EventBus();
  const linkService = new parts.PDFLinkService({ eventBus, externalLinkTarget: parts.LinkTarget.BLANK, externalLinkRel: "noopener noreferrer" });
  const viewer = new parts.PDFViewer({ container: one("#container"), eventBus, linkService, l10n, annotationMode: pdfjs.AnnotationMode.ENABLE });
  linkService.setViewer(viewer);
  eventBus.on("pagesinit", () => { viewer.currentScaleValue = "page-width"; place(viewer); });
  eventBus.on("pagechanging", () => place(viewer));
  eventBus.on("pagerendered", ({ pageNumber, source }) => source.div.setAttribute("aria-label", `${one("#place").dataset.word} ${pageNumber}`));
  for (const button of document.querySelectorAll("[data-by]")) {
    button.addEventListener("click", () => viewer.updateScale({ steps: Number(button.dataset.by) }));
  }
  addEventListener("resize", () => { if (viewer.currentScaleValue === "page-width") viewer.currentScaleValue = "page-width"; });
  return viewer;
}

function place(viewer) {
  const line = one("#place");
  line.textContent = `${line.dataset.word} ${viewer.currentPageNumber} / ${viewer.pagesCount}`;
}

async function show({ pdf: data, drawing }) {
  const tools = await load(drawing);
  const task = tools.pdfjs.getDocument({ data, standardFontDataUrl: folder, wasmUrl: folder, enableXfa: false });
  task.onPassword = () => { say("locked"); task.destroy(); };
  const pdf = await task.promise;
  if (pdf.numPages === 0) throw new Error("it has no pages");
  const shown = viewer(tools);
  shown.setDocument(pdf);
  shown.linkService.setDocument(pdf);
  say("shown");
}

say("opening");
let isShown = false;
addEventListener("message", ({ source, data }) => {
  if (source !== parent || parent === window || isShown) return;
  if (data === "ready?") { parent.postMessage("ready", "*"); return; }
  isShown = true;
  if (!data.pdf || !data.drawing) say("failed");
  else show(data).catch(() => { if (one("[data-state=locked]").hidden) say("failed"); });
});
parent.postMessage("ready", "*");

// Keys of the page that lead elsewhere and change nothing work from here too.
addEventListener("keydown", ({ key, ctrlKey, metaKey, altKey }) => {
  if (["j", "k", "u"].includes(key) && !ctrlKey && !metaKey && !altKey) parent.postMessage({ key }, "*");
});
