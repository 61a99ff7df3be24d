/** Reads and writes the address of this repository on GitHub, as package.json and links of the source hold it. */

/** This page stands in package.json until `npm run set-repository` writes the real one. */
const PLACEHOLDER = 'https://github.com/OWNER/convert-middleware';

const ADDRESS =
  /^(?:(?:git\+)?https:\/\/github\.com\/|(?:git\+)?ssh:\/\/git@github\.com\/|git@github\.com:)([a-z\d][\w-]*)\/([\w.-]+?)(?:\.git)?\/?$/i;

/** Returns the page of the repository that a package.json names, as `https://github.com/OWNER/convert-middleware`. */
export function repositoryOf({ repository }) {
  return repository.url.replace(/^git\+/, '').replace(/\.git$/, '');
}

/** Returns `https://github.com/{owner}/{name}`, or undefined if `url` is not the address of a repository on GitHub. */
export function repositoryPage(url) {
  const [, owner, name] = ADDRESS.exec(url ?? '') ?? [];
  if (owner === undefined || /^\.\.?$|\.git$/i.test(name)) return undefined;
  return `https://github.com/${owner}/${name}`;
}

/** True if a package.json names no repository on GitHub yet. */
export function isPlaceholder({ repository }) {
  const page = repositoryPage(typeof repository === 'string' ? repository : repository?.url);
  return (page ?? PLACEHOLDER) === PLACEHOLDER;
}

/** Returns the fields of package.json that hold the address; `page` is what `repositoryPage` returns. */
export const repositoryFields = (page) => ({
  repository: { type: 'git', url: `git+${page}.git` },
  homepage: `${page}#readme`,
  bugs: { url: `${page}/issues` },
});

/** Writes the address into the text of a source that links to the docs; `page` is what `repositoryPage` returns. */
export const withRepository = (text, page) =>
  text.replace(/https:\/\/github\.com\/[\w.-]+\/[\w.-]+(?=\/blob\/main\/docs)/, page);
