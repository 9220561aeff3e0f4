/**
 * The program of the tour's child processes: `child.js ROLE ARGUMENTS`. Roles are in `roles.ts`.
 *
 * Owns the channel to the parent: reports counts while the role runs, obeys "stop" and "end", and ends when the parent
 * is gone.
 */
import type { ChildReport, Order } from "./child-process.ts";
import { ROLES } from "./roles.ts";

const REPORT_MS = 50;

async function main(): Promise<void> {
  const [name, ...args] = process.argv.slice(2);
  process.on("SIGINT", () => undefined); // The terminal sends it to us as well; the parent ends us in order.
  process.on("disconnect", () => process.exit());
  const role = await ROLES[name](...args);
  let last = "";
  const report = (): void => {
    const counts = role.counts?.();
    const text = JSON.stringify(counts);
    if (counts === undefined || text === last) return;
    last = text;
    tell({ counts });
  };
  const timer = setInterval(report, REPORT_MS);
  process.on("message", (order: Order) => {
    if (order === "stop") return role.stop?.();
    clearInterval(timer);
    role.close();
    process.disconnect();
  });
  tell({ ready: true });
}

function tell(report: ChildReport): void {
  if (process.connected) process.send?.(report);
}

function fail(error: unknown): void {
  tell({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}

process.on("uncaughtException", fail);
main().catch(fail);
