// What pages do by themselves. Everything works without it, only less comfortably.

// Ask before what cannot be taken back.
document.addEventListener("submit", (event) => {
  const words = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (words && !confirm(words)) event.preventDefault();
});

// A button whose answer takes a while says so, and is not pressed twice; when one comes back to the page, it is as it was.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button?.dataset.busy || event.defaultPrevented) return;
  const words = button.textContent;
  // not before the form is on its way: a disabled button is not sent
  setTimeout(() => { button.disabled = true; button.textContent = button.dataset.busy; });
  window.addEventListener("pagehide", () => { button.disabled = false; button.textContent = words; }, { once: true });
});

// «All on this page».
for (const all of document.querySelectorAll("[data-all]")) {
  const boxes = () => [...all.form.elements].filter((box) => box.name === all.dataset.all);
  all.addEventListener("change", () => boxes().forEach((box) => { box.checked = all.checked; }));
}

// Narrow a list while typing, and by what was typed before this was read.
for (const field of document.querySelectorAll("[data-find]")) {
  const narrow = () => {
    const wanted = field.value.trim().toLowerCase();
    for (const line of document.querySelectorAll(field.dataset.find)) {
      line.hidden = !line.textContent.toLowerCase().includes(wanted);
    }
  };
  field.hidden = false;
  field.addEventListener("input", narrow);
  if (field.value) narrow();
}

// A sandbox's users at a click.
for (const button of document.querySelectorAll("[data-fill]")) {
  button.addEventListener("click", () => {
    document.getElementById("email").value = button.dataset.fill;
    document.getElementById("password").value = button.dataset.fillPassword;
    document.getElementById("password").form.requestSubmit();
  });
}
