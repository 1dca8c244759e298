// Small comforts of every page. Nothing here is needed to use it.

const typing = (element) =>
  element instanceof HTMLElement && (element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName));

// "/" goes to the search, Escape closes what is open.
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing && !typing(event.target)) {
    const search = document.querySelector("[data-slash]");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  }
  if (event.key === "Escape") {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    }
  }
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  const dismiss = event.target.closest?.("[data-dismiss]");
  if (dismiss) dismiss.closest(".alert")?.remove();
  if (event.target.closest?.("[data-print]")) window.print();
  if (event.target.matches?.("[data-select-all]")) event.target.select();
  const copy = event.target.closest?.("[data-copy]");
  if (copy) copyFrom(document.getElementById(copy.dataset.copy));
});

// Without https a browser has no clipboard to write to; the text is then marked, for one's own keys or finger.
const copyFrom = async (field) => {
  field.focus();
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    return;
  }
  for (const said of document.querySelectorAll("[data-copied]")) said.textContent = said.dataset.copied;
};

// A chosen theme is shown at once; the form that holds the choice is what keeps it.
document.addEventListener("change", (event) => {
  const choice = event.target.closest?.("[data-theme-select], select[name=theme]");
  if (choice && ["auto", "light", "dark"].includes(choice.value)) document.documentElement.dataset.theme = choice.value;
  if (event.target.closest?.("[data-submit-on-change]")) event.target.form?.requestSubmit();
});

// A link to a folded part opens it and leads into it.
const unfold = () => {
  const part = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!(part instanceof HTMLDetailsElement)) return;
  part.open = true;
  part.querySelector("input:not([type=hidden]), textarea, select")?.focus({ preventScroll: true });
};
window.addEventListener("hashchange", unfold);
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href^='#']");
  if (link && link.hash === location.hash) unfold();
});
unfold();
// The browser goes to the part itself once the page stands, and takes the focus along; ours comes after it.
window.addEventListener("load", () => window.setTimeout(unfold, 0));

// Buttons that need this script stay hidden without it.
const reveal = (root) => {
  for (const button of root.querySelectorAll("[data-dismiss][hidden], [data-print][hidden], [data-copy][hidden]")) button.hidden = false;
};

// A form goes out once, even when the button is pressed twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  window.setTimeout(() => delete form.dataset.sent, 4000); // a download leaves us on this page
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// A part that could not be fetched says so, and what to do; the page stays as it was.
const english = document.documentElement.lang.startsWith("en");
const sayTrouble = (text) => {
  const box = document.getElementById("messages");
  if (!box || [...box.children].some((child) => child.textContent === text)) return;
  const note = document.createElement("div");
  note.className = "alert alert-warning";
  note.setAttribute("role", "alert");
  note.textContent = text;
  box.append(note);
};
// The strip of clocks is asked again by itself, so that its failure is nobody's trouble.
const asked = (event) => !event.target.closest?.("#clock-strip");
const told = (event) => event.target.matches?.("form[data-draft]"); // draft.js says it beside the button
document.addEventListener("htmx:sendError", (event) => asked(event) && !told(event) && sayTrouble(english
  ? "The connection was lost. What you typed is still here; please try again shortly."
  : "つながりませんでした。書いたものは残っています。少し待って、もう一度お試しください。"));
const tooBig = (event) => event.detail.xhr?.status === 413 && (sayTrouble(english
  ? "That is more than can be sent at once. What you typed is still here; please shorten it or send it in parts."
  : "一度に送れる大きさを超えています。書いたものは残っています。短くするか、何回かに分けて送ってください。"), true);
document.addEventListener("htmx:responseError", (event) => asked(event) && !tooBig(event) && sayTrouble(english
  ? "That could not be done. Please reload the page and try again."
  : "うまく受け取れませんでした。ページを読み込み直して、もう一度お試しください。"));

// Who works with the keys stays where they were when a part of the page is exchanged and their button went with it.
let place = "";
document.addEventListener("htmx:beforeSwap", () => {
  place = document.activeElement?.closest("li[id], article[id], section[id]")?.id ?? "";
});
document.addEventListener("htmx:afterSettle", () => {
  const part = place && document.activeElement === document.body && document.getElementById(place);
  place = "";
  if (!part) return;
  part.tabIndex = -1;
  part.focus({ preventScroll: true });
});

reveal(document);
document.addEventListener("htmx:afterSwap", () => reveal(document));
