/**
 * The results as a picture: one SVG, a block of bars per case, of the first metric of each part. A bar's length is
 * relative to the longest of its case; the figure and the ratio to libzmq stand beside it.
 */
import type { Machine } from "./machine.ts";
import type { Implementation, Part } from "./part.ts";
import { type CaseResult, type ContestantResult, type PartResult, ratioOf } from "./runner.ts";
import { compact } from "./statistics.ts";

const WIDTH = 960;
const LEFT = 300;
const BAR_WIDTH = 440;
const ROW = 18;
const FONT = "font-family='system-ui, sans-serif'";

/** Told apart without colours too: each bar has its name. */
const COLORS: Readonly<Record<Implementation, string>> = {
  zmtp: "#0b6e4f",
  libzmq: "#c8553d",
  zeromq: "#e0a458",
  "node:net": "#7d8597",
  "node:dgram": "#7d8597",
  ws: "#7d8597",
  jszmq: "#a26769",
  postMessage: "#7d8597",
};

export function chart(machine: Machine, results: readonly PartResult[]): string {
  const lines: string[] = [];
  let y = 30;
  const text = (x: number, words: string, attributes = ""): void => {
    lines.push(`<text x="${x}" y="${y}" ${attributes}>${escaped(words)}</text>`);
  };
  text(20, "zmtp beside libzmq, npm zeromq and bare node:net", 'font-size="18" font-weight="600"');
  y += 20;
  const { libzmq = "missing", zeromq = "missing" } = machine.versions;
  text(20, `Node.js ${machine.node}, ${machine.cores} x ${machine.cpu}; libzmq ${libzmq}, npm zeromq ${zeromq}`, 'fill="#555"');
  for (const { part, cases } of results) {
    const [metric] = part.metrics;
    y += 40;
    text(20, part.name, 'font-size="15" font-weight="600"');
    y += 18;
    text(20, `${part.title}; ${metric.name} in ${metric.unit}, ${metric.better} is better`, 'fill="#555"');
    for (const each of cases) {
      y += 8;
      for (const [i, contestant] of each.contestants.entries()) {
        y += ROW;
        if (i === 0) text(20, each.name, 'font-weight="600"');
        text(LEFT - 8, contestant.label, 'text-anchor="end"');
        lines.push(...bar(part, each, contestant, y));
      }
    }
  }
  y += 30;
  const size = `width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}"`;
  const body = [`<rect width="${WIDTH}" height="${y}" fill="#fff"/>`, ...lines].join("\n");
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${FONT} font-size="12" fill="#111">\n${body}\n</svg>\n`;
}

function bar(part: Part, { contestants }: CaseResult, contestant: ContestantResult, y: number): string[] {
  const { name } = part.metrics[0];
  const own = contestant.summaries[name]?.median;
  if (own === undefined) return [`<text x="${LEFT}" y="${y}" fill="#b00020">failed</text>`];
  const longest = Math.max(...contestants.map(({ summaries }) => summaries[name]?.median ?? 0));
  const width = longest === 0 ? 0 : Math.max(1, (own / longest) * BAR_WIDTH);
  const libzmq = contestants.find(({ label }) => label === "libzmq" && label !== contestant.label);
  const ratio = libzmq === undefined ? undefined : ratioOf(contestant, libzmq, name);
  const beside = ratio === undefined || !Number.isFinite(ratio) ? "" : ` (${compact(ratio)} of libzmq's)`;
  const implementation = contestant.label.split(" ", 1)[0] as Implementation;
  return [
    `<rect x="${LEFT}" y="${y - 11}" width="${width.toFixed(1)}" height="13" fill="${COLORS[implementation]}"/>`,
    `<text x="${(LEFT + width + 6).toFixed(1)}" y="${y}">${compact(own)}${beside}</text>`,
  ];
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
