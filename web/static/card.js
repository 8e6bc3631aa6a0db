// A draft goes to the clipboard at a click; without a script it is selected by hand.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copy);
    text.select();
    try { await navigator.clipboard.writeText(text.value); } catch { document.execCommand("copy"); }
    button.nextElementSibling.textContent = button.nextElementSibling.dataset.done;
  });
}
