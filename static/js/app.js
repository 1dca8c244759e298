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
});

// A chosen theme is shown at once; the form that holds the choice is what keeps it.
document.addEventListener("change", (event) => {
  const choice = event.target.closest?.("[data-theme-select]");
  if (choice && ["auto", "light", "dark"].includes(choice.value)) document.documentElement.dataset.theme = choice.value;
  if (event.target.closest?.("[data-submit-on-change]")) event.target.form?.requestSubmit();
});

// Buttons that need this script stay hidden without it.
const reveal = (root) => {
  for (const button of root.querySelectorAll("[data-dismiss][hidden], [data-print][hidden]")) button.hidden = false;
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

reveal(document);
document.addEventListener("htmx:afterSwap", () => reveal(document));
