/** A picture of a few lines, as SVG: for figures that a table does not show. Linear axes from 0, a legend, nothing else. */

export interface Picture {
  readonly title: string;
  /** What the axes say. */
  readonly x: string;
  readonly y: string;
  readonly lines: readonly { readonly name: string; readonly points: readonly (readonly [x: number, y: number])[] }[];
}

const WIDTH = 640;
const HEIGHT = 360;
const MARGIN = { left: 64, right: 176, top: 40, bottom: 48 };
const COLOURS = ["#0b62a4", "#7fb2dd", "#b3541e", "#e2a676", "#444444", "#999999"];
const TICKS = 5;

export function drawLines({ title, x, y, lines }: Picture): string {
  const all = lines.flatMap(({ points }) => points);
  const right = niceAbove(Math.max(...all.map(([at]) => at), 0));
  const top = niceAbove(Math.max(...all.map(([, value]) => value), 0));
  const across = (at: number): number => MARGIN.left + (at / right) * (WIDTH - MARGIN.left - MARGIN.right);
  const up = (value: number): number => HEIGHT - MARGIN.bottom - (value / top) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const text = (left: number, down: number, words: string, anchor = "middle"): string =>
    `<text x="${left.toFixed(1)}" y="${down.toFixed(1)}" text-anchor="${anchor}">${words}</text>`;
  const rule = (x1: number, y1: number, x2: number, y2: number, colour: string): string =>
    `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="${colour}"/>`;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>${title}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    text((across(0) + across(right)) / 2, 22, title),
    text((across(0) + across(right)) / 2, HEIGHT - 10, x),
    text(14, MARGIN.top - 10, y, "start"),
  ];
  for (let i = 0; i <= TICKS; i++) {
    const [at, value] = [(right * i) / TICKS, (top * i) / TICKS];
    parts.push(rule(across(0), up(value), across(right), up(value), "#dddddd"));
    parts.push(text(across(0) - 6, up(value) + 4, short(value), "end"), text(across(at), up(0) + 18, short(at)));
  }
  parts.push(rule(across(0), up(0), across(right), up(0), "black"), rule(across(0), up(0), across(0), up(top), "black"));
  for (const [i, { name, points }] of lines.entries()) {
    const colour = COLOURS[i % COLOURS.length];
    const path = points.map(([at, value]) => `${across(at).toFixed(1)},${up(value).toFixed(1)}`).join(" ");
    parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    for (const [at, value] of points)
      parts.push(`<circle cx="${across(at).toFixed(1)}" cy="${up(value).toFixed(1)}" r="3" fill="${colour}"/>`);
    const down = MARGIN.top + 18 * i;
    parts.push(`<rect x="${WIDTH - MARGIN.right + 16}" y="${down - 9}" width="10" height="10" fill="${colour}"/>`);
    parts.push(text(WIDTH - MARGIN.right + 32, down, name, "start"));
  }
  return `${[...parts, "</svg>"].join("\n")}\n`;
}

// The next of 1, 2, 5, 10, 20, 50, ….
function niceAbove(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 5, 10].find((each) => each * power >= value) ?? 10);
}

function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}
