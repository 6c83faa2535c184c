/**
 * Lets the SDK run under a content security policy without 'unsafe-eval'. It makes every function that
 * a guest imports with one constant piece of source, `new Function("f", "return f(…)")`; that one is
 * compiled here ahead of time and handed out instead. Any other source goes to the real Function, which
 * the policy refuses.
 */

/** As it stands in @wasmer/sdk 0.16.0. */
const PARAMETER = "f";
const BODY = "return f(Array.prototype.slice.call(arguments, 1))";

/** What BODY says: the first argument is the function to call, the others its array. */
function callWithArray(callee: (values: readonly unknown[]) => unknown, ...values: readonly unknown[]): unknown {
  return callee(values);
}

/** Before the SDK's first instance is made in this worker. */
export function avoidEval(): void {
  const construct = (target: FunctionConstructor, [parameter, body, ...more]: string[]): object => {
    const isKnown = parameter === PARAMETER && body === BODY && more.length === 0;
    // Bound by the SDK to its callee, so each caller needs a function of its own no more than eval's.
    if (isKnown) return callWithArray;
    return Reflect.construct(target, [parameter, body, ...more]) as object;
  };
  const value = new Proxy(Function, { construct });
  Object.defineProperty(globalThis, "Function", { value, configurable: true, writable: true });
}
