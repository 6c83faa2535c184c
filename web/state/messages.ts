/** What to show of something thrown: the message, which for the engine's errors is in Docker's words. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
