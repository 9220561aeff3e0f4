/** `for await` over sockets and observers, as the original does it: `next` and nothing else. */

/** What can be iterated over. */
interface Source<Value> {
  readonly closed: boolean;
  receive(): Promise<Value>;
}

/** Ends when the source is closed; leaving the loop leaves it open. Every error but that of the close is thrown. */
export function iterate<Value>(this: Source<Value>): AsyncIterator<Value, undefined> {
  return {
    next: async () => {
      if (this.closed) return { done: true, value: undefined };
      try {
        return { value: await this.receive(), done: false };
      } catch (error) {
        if (this.closed && (error as { code?: unknown }).code === "EAGAIN") return { done: true, value: undefined };
        throw error;
      }
    },
  };
}
