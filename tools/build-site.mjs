// @ts-check
// Builds the documentation as static files into build/site/: the pages of docs/, the README and the change log, and the API from
// the docstrings (typedoc). Then every link between its files is followed; one that leads nowhere fails. Nothing of it is committed.

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { Application } from "typedoc";
import { isMain, listFiles, root } from "./common.mjs";

const SITE = "build/site";

/** The public modules, by the names that programs import. */
const MODULES = ["node", "testing", "wire", "draft", "zeromq", "zeromq-draft", "zeromq-v5-compat", "mongrel2"];

/** Pages at the top of the site's tree, in its order; docs/ holds the rest. */
const PAGES = ["docs/guide", "docs/migrating", "docs/sockets", "docs", "docs/decisions", "examples"];

/** The page of a README: the folder, and where it is in the site. */
const README_PAGE = /documents\/(?:[a-z]+_)?([a-z]+)_README\.html$/g;

/** @returns {string[]} */
function pages() {
  const found = PAGES.flatMap((folder) =>
    existsSync(join(root, folder)) ? readdirSync(join(root, folder)).map((name) => `${folder}/${name}`) : [],
  );
  return [...found.filter((path) => path.endsWith(".md")), "CHANGELOG.md", "CONTRIBUTING.md"];
}

/** Writes the site. Returns the exit code; typedoc has then printed what is wrong. */
async function write() {
  rmSync(join(root, SITE), { recursive: true, force: true });
  const application = await Application.bootstrap({
    name: "zmtp",
    entryPoints: MODULES.map((name) => join(root, `src/${name}.ts`)).filter((path) => existsSync(path)),
    tsconfig: join(root, "tsconfig.build.json"),
    projectDocuments: pages().map((path) => join(root, path)),
    readme: join(root, "README.md"),
    out: join(root, SITE),
    disableGit: true,
    sourceLinkTemplate: "",
    disableSources: true,
    excludeInternal: true,
    excludePrivate: true,
    skipErrorChecking: true,
    githubPages: false,
    logLevel: "Error",
    validation: { invalidLink: false, invalidPath: false, notExported: false, notDocumented: false, rewrittenLink: false },
  });
  const project = await application.convert();
  if (project === undefined) return 1;
  await application.generateOutputs(project);
  linkFolders(join(root, SITE));
  return application.logger.hasErrors() ? 1 : 0;
}

/**
 * A link to a folder, which a repository's viewer shows by its README, leads to that README's page.
 * @param {string} site
 */
function linkFolders(site) {
  const files = listFiles(relative(root, site)).filter((path) => path.endsWith(".html"));
  const readmes = new Map(files.flatMap((path) => [...path.matchAll(README_PAGE)].map((match) => [match[1], match[0]])));
  for (const path of files.map((each) => join(root, each))) {
    const text = readFileSync(path, "utf8");
    const linked = text.replace(/href="((?:\.\.\/)*)media\/(\w+)\/?"/g, (link, up, folder) => {
      const page = readmes.get(folder);
      return page === undefined ? link : `href="${up}${page}"`;
    });
    if (linked !== text) writeFileSync(path, linked);
  }
}

/**
 * Links of the site's pages that lead to no file, or to no place in it.
 * @param {string} site
 * @returns {string[]}
 */
export function deadLinks(site) {
  const files = listFiles(relative(root, site)).map((path) => join(root, path));
  const html = files.filter((path) => path.endsWith(".html"));
  const texts = new Map(html.map((path) => [path, readFileSync(path, "utf8")]));
  /** @type {Map<string, Set<string>>} */
  const places = new Map();
  /** @param {string} path */
  const placesOf = (path) => {
    let found = places.get(path);
    if (found === undefined) {
      found = new Set([...(texts.get(path) ?? "").matchAll(/ id="([^"]+)"/g)].map((match) => decode(match[1])));
      places.set(path, found);
    }
    return found;
  };
  const dead = new Set();
  for (const [path, text] of texts) {
    for (const [, link] of text.matchAll(/<a [^>]*?href="([^"]+)"/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      const [file, place] = decode(link).split("#");
      const target = file === "" ? path : resolve(dirname(path), file);
      if (!existsSync(target)) dead.add(`${relative(site, path)}: ${link}`);
      else if (place && target.endsWith(".html") && !placesOf(target).has(place)) dead.add(`${relative(site, path)}: ${link}`);
    }
  }
  return [...dead].sort();
}

/** @param {string} text */
function decode(text) {
  return decodeURIComponent(text.replaceAll("&amp;", "&"));
}

/** Builds the site and follows its links. Returns the exit code. */
export async function buildSite() {
  const code = await write();
  if (code !== 0) return code;
  const dead = deadLinks(join(root, SITE));
  for (const link of dead) console.error(`site: leads nowhere: ${link}`);
  console.log(dead.length === 0 ? `site: ${SITE}/index.html` : `site: ${dead.length} links lead nowhere`);
  return dead.length === 0 ? 0 : 1;
}

if (isMain(import.meta.url)) process.exitCode = await buildSite();
