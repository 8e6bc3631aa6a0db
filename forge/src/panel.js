// The issue panel: UI Kit, and one call to the bot through Forge Remote.
import { invokeRemote } from "@forge/bridge";
import ForgeReconciler, * as ui from "@forge/react";
import { createElement, useEffect, useState } from "react";

import { load, show } from "./card.js";

function Panel() {
  const [state, setState] = useState(null);
  useEffect(() => {
    load(invokeRemote).then(setState);
  }, []);
  return show(createElement, ui, state);
}

ForgeReconciler.render(createElement(Panel));
