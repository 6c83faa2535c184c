/**
 * Styles that every element takes: box model, focus, buttons, fields. Elements live in shadow roots,
 * so what they share is a stylesheet they adopt, not a global one.
 */
import { css } from "lit";

export const shared = css`
  :host { box-sizing: border-box; }
  :host([hidden]), [hidden] { display: none !important; }
  *, *::before, *::after { box-sizing: inherit; }
  h2, h3, p, ul, ol, dl, dd, figure { margin: 0; padding: 0; }
  ul, ol { list-style: none; }
  code, .mono { font-family: var(--font-mono); font-size: 0.95em; }
  a { color: var(--sea); }
  :focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: var(--round); }
  .soft { color: var(--ink-soft); }
  .number { font-variant-numeric: tabular-nums; }
  .visually-hidden {
    position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
  }

  button {
    display: inline-flex; align-items: center; justify-content: center; gap: var(--space-2);
    min-height: var(--control); padding: 0 var(--space-3); border: 1px solid var(--line-strong);
    border-radius: var(--round); background: var(--raised); color: var(--ink);
    font: 500 var(--text-m)/1 var(--font); cursor: pointer; white-space: nowrap;
    transition: background var(--motion), border-color var(--motion);
  }
  button:hover:not(:disabled) { background: var(--hover); }
  button:disabled, button[aria-disabled="true"] { opacity: 0.55; cursor: default; }
  button.primary { background: var(--signal); border-color: var(--signal); color: var(--on-signal); }
  button.primary:hover:not(:disabled) { background: color-mix(in srgb, var(--signal), var(--ink) 14%); }
  button.quiet { background: none; border-color: transparent; }
  button.quiet:hover:not(:disabled) { background: var(--hover); }
  button.danger:hover:not(:disabled) { background: var(--bad-wash); color: var(--bad); }
  button.icon { width: var(--control); padding: 0; }

  label { display: block; font-weight: 550; }
  input[type="text"], input[type="url"], input[type="password"], input:not([type]), textarea, select {
    width: 100%; min-height: var(--control); padding: 0 var(--space-2); border: 1px solid var(--line-strong);
    border-radius: var(--round); background: var(--raised); color: var(--ink); font: var(--text-m) var(--font-mono);
  }
  textarea { padding: var(--space-2); line-height: 1.5; resize: vertical; }
  input::placeholder, textarea::placeholder { color: var(--ink-soft); opacity: 1; }
  [aria-invalid="true"] { border-color: var(--bad); }
  .hint { color: var(--ink-soft); font-size: var(--text-s); }
  .error { color: var(--bad); }
  @media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
`;
