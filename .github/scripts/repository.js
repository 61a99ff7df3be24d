/** Where the repository is, by the manifest of the package. */

/** @returns {string} as `https://github.com/OWNER/convert-middleware` */
export function repositoryOf({ repository }) {
  return repository.url.replace(/^git\+/, '').replace(/\.git$/, '');
}
