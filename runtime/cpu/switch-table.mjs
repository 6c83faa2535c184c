// A transform of asc: makes the big switch of each of the interpreter's loops one br_table. The compiler writes a switch as one
// comparison for each case and leaves the table to binaryen, which gives up beyond 1024 cases; then the
// interpreter would compare its way through all handlers.
import { Transform } from "assemblyscript/transform";

const CASES_MIN = 100;

export default class SwitchTable extends Transform {
  /** `module` is binaryen's, not yet optimised. */
  afterCompile(module) {
    const { binaryen } = this;
    let found = 0;
    for (let index = 0; index < module.getNumFunctions(); index++) {
      const { body, name } = binaryen.getFunctionInfo(module.getFunctionByIndex(index));
      if (/\/run\/(common|rare)$/.test(name)) found += this.#visit(module, body);
    }
    if (found !== 2) throw new Error(`${found} switches to make tables of`);
  }

  /** Looks into blocks, loops and ifs: where a switch of ours may be. */
  #visit(module, expression) {
    const { binaryen } = this;
    const { BlockId, IfId, LoopId } = binaryen;
    if (expression === 0 || ![BlockId, IfId, LoopId].includes(binaryen.getExpressionId(expression))) return 0;
    const info = binaryen.getExpressionInfo(expression);
    if (info.id === LoopId) return this.#visit(module, info.body);
    if (info.id === IfId) return this.#visit(module, info.ifTrue) + this.#visit(module, info.ifFalse);
    if (info.children.length > CASES_MIN && info.name?.startsWith("case0|")) {
      this.#replace(module, expression, info.children);
      return 1;
    }
    return info.children.reduce((sum, child) => sum + this.#visit(module, child), 0);
  }

  /** Children: the value into a local, one conditional break for each case, a break to the default. */
  #replace(module, block, children) {
    const { binaryen } = this;
    const value = binaryen.getExpressionInfo(children[0]).value;
    const breaks = children.slice(1).map((child) => binaryen.getExpressionInfo(child));
    const last = breaks.pop();
    const targets = [];
    for (const { name, condition } of breaks) {
      const { right } = binaryen.getExpressionInfo(condition);
      targets[binaryen.getExpressionInfo(right).value] = name;
    }
    const first = targets.findIndex((name) => name !== undefined);
    const names = Array.from(targets.slice(first), (name) => name ?? last.name);
    const index = module.i32.sub(value, module.i32.const(first));
    for (let at = children.length - 1; at > 0; at--) binaryen.Block.removeChildAt(block, at);
    binaryen.Block.setChildAt(block, 0, module.switch(names, last.name, index));
  }
}
