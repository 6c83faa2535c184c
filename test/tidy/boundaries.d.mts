/** Types of boundaries.mjs, for the tidy tests. */
export declare const rooms: Readonly<Record<string, readonly string[]>>;
