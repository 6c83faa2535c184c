/**
 * "Next, but after the messages that wait": a timer would be held back by 4 ms once nested, so a port to
 * oneself is used. One hard idea: a message sent to oneself queues behind those that came before it.
 */
export function createSoon(): (callback: () => void) => void {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()?.();
  return (callback) => {
    waiting.push(callback);
    port2.postMessage(null);
  };
}
