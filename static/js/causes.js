// 「この下に、なぜを足す」 chooses the why above and goes to the field, without asking the server for the page again.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-under]");
  const box = document.getElementById("why-add");
  const parent = document.getElementById("why-parent");
  const text = document.getElementById("why-text");
  if (!link || !box || !parent || !text || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (![...parent.options].some((option) => option.value === link.dataset.under)) return;
  event.preventDefault();
  parent.value = link.dataset.under;
  box.open = true;
  text.focus();
});
