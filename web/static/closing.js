// What the button in the CRM took from its form stands behind the # of the address: show what the bot makes of it.
const form = document.getElementById("brought");
if (form && location.hash.length > 1) {
  let brought;
  try { brought = decodeURIComponent(location.hash.slice(1)); } catch { brought = location.hash; }
  history.replaceState(null, "", location.pathname);
  form.elements.body.value = brought;
  form.requestSubmit();
}
