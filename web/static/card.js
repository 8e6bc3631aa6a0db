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

// The three minutes of an escalation run on from what the page was told.
for (const mark of document.querySelectorAll("[data-left]")) {
  const over = performance.now() + mark.dataset.left * 1000;
  const show = () => {
    const left = Math.ceil((over - performance.now()) / 1000);
    if (left > 0) { mark.textContent = `${mark.dataset.words} ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`; return; }
    mark.textContent = mark.dataset.over;
    mark.className = "mark state-dead";
    clearInterval(timer);
  };
  const timer = setInterval(show, 1000);
}
