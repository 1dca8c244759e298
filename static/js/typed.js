// A date can be typed in words too (令和8年3月5日, 午後3時20分): beside each picker a button makes it a field for words,
// and what is pasted into a picker that it would not take does the same. The server reads both. Without this script
// the picker alone is there.
//
// Not in tables (form-control-sm): there only the paste.

const english = document.documentElement.lang.startsWith("en");
const label = english ? "Type it in words" : "文字で入力";

const byWords = (field, value) => {
  field.type = "text";
  field.value = value;
  field.autocomplete = "off";
  document.getElementById(`${field.id}-words`)?.remove();
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
};

const offer = (field) => {
  if (field.dataset.words) return;
  field.dataset.words = "1";
  field.addEventListener("paste", (event) => {
    const pasted = event.clipboardData?.getData("text").trim() ?? "";
    if (!pasted || field.type === "text") return;
    event.preventDefault();
    const before = field.value;
    field.value = pasted.slice(0, 200); // the picker's own spelling stays in the picker
    if (field.value === "") byWords(field, pasted.slice(0, 200));
    else if (field.value !== before) field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  if (field.classList.contains("form-control-sm") || !field.id || field.readOnly || field.disabled) return;
  const button = document.createElement("button");
  button.type = "button";
  button.id = `${field.id}-words`;
  button.className = "words-switch";
  button.textContent = label;
  const name = field.labels?.[0];
  if (name) {
    name.id ||= `${field.id}-label`;
    button.setAttribute("aria-describedby", name.id);
  }
  button.addEventListener("click", () => byWords(field, field.value.replaceAll("-", "/").replace("T", " ")));
  field.after(button);
};

const all = () => document.querySelectorAll("input[type=date], input[type=datetime-local]").forEach(offer);
all();
document.addEventListener("htmx:load", all);
