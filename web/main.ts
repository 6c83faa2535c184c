/**
 * The page's composition root: asks the server for its configuration, connects to the engine, hands
 * the model to <slip-app>, and leaves `window.slipway` for tests and embedders.
 */
import "./styles/tokens.css";
import "./components/slip-gauge.ts";
import "./components/slip-icon.ts";
import "./components/slip-logo.ts";
import "./components/slip-try.ts";
import "./components/slip-view.ts";
import "./containers/slip-containers.ts";
import "./containers/slip-log-view.ts";
import "./containers/slip-logs.ts";
import "./images/slip-image.ts";
import "./images/slip-images.ts";
import "./images/slip-pulls.ts";
import "./terminal/slip-terminal.ts";
import "./terminal/slip-terminals.ts";
import "./app/slip-header.ts";
import "./app/slip-notice.ts";
import "./app/slip-panel.ts";
import "./app/slip-settings.ts";
import "./app/slip-storage.ts";
import "./app/slip-app.ts";
import { connect } from "../runtime/client/connect.ts";
import type { Slipway } from "../runtime/client/slipway.ts";
import { missingFeatures } from "./app/requirements.ts";
import { Model } from "./state/model.ts";
import { readPageConfiguration } from "./state/page-configuration.ts";
import { persistStorage } from "./state/usage.ts";

declare global {
  interface Window {
    slipway: Slipway;
  }
}

async function main(): Promise<void> {
  const missing = missingFeatures();
  if (missing.length > 0) {
    const message = document.createElement("p");
    message.className = "unsupported";
    message.setAttribute("role", "alert");
    message.textContent = `Slipway cannot run in this browser: it lacks ${missing.join(", ")}. A current Chromium, Firefox or Safari, outside private browsing and over https or localhost, has them.`;
    document.body.append(message);
    return;
  }
  const base = document.baseURI;
  const shell = await registerShell();
  const slipway = connect({
    name: "slipway",
    baseUrl: base,
    wasmerSdkUrl: new URL(__WASMER_SDK_PATH__, base).href,
    interpreterUrl: new URL(__INTERPRETER_PATH__, base).href,
    defaults: await readPageConfiguration(base),
  });
  window.slipway = slipway;
  const app = document.createElement("slip-app");
  app.model = new Model(slipway);
  app.isIsolated = crossOriginIsolated;
  document.body.append(app);
  await slipway.engine.system.systemPing().catch(() => undefined); // The header says what is wrong.
  shell?.active?.postMessage("precache");
  await persistStorage();
}

/** Until an activation that never ends is given up: the page works without, online. */
const ACTIVATION_TIMEOUT_MS = 2000;

/**
 * The service worker, active and at rest: it must not be activated while workers start (see there).
 * Undefined while developing, and where the browser has none.
 */
async function registerShell(): Promise<ServiceWorkerRegistration | undefined> {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return undefined;
  try {
    await navigator.serviceWorker.register("./service-worker.js");
  } catch {
    return undefined; // No service workers here (private browsing): nothing but offline use is lost.
  }
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, ACTIVATION_TIMEOUT_MS));
  return Promise.race([navigator.serviceWorker.ready, late]);
}

void main();
