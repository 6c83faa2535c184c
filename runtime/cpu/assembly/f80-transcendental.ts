/** The transcendental x87 operations: not there yet. f80Register answers #UD before any is reached. */
export function f80Exp2Minus1(target: usize, a: usize, control: u32): u32 { return unreachable(); }
export function f80YLog2X(target: usize, x: usize, y: usize, control: u32): u32 { return unreachable(); }
export function f80YLog2XPlus1(target: usize, x: usize, y: usize, control: u32): u32 { return unreachable(); }
export function f80Atan(target: usize, x: usize, y: usize, control: u32): u32 { return unreachable(); }
export function f80Sin(target: usize, a: usize, control: u32): u32 { return unreachable(); }
export function f80Cos(target: usize, a: usize, control: u32): u32 { return unreachable(); }
export function f80Tan(target: usize, a: usize, control: u32): u32 { return unreachable(); }
