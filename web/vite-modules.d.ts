/** What vite adds to the language: style sheets as text, and constants of the build. */
declare module "*.css?inline" {
  const text: string;
  export default text;
}
declare module "*.css";
declare const __WASMER_SDK_PATH__: string;
/** Where the processor of linux/amd64 containers lies, relative to the page. */
declare const __INTERPRETER_PATH__: string;
interface ImportMeta {
  readonly env: { readonly PROD: boolean };
}
