/** Which packages `require` of a subpath loads. */
require(process.argv[2]);
console.log(JSON.stringify(Object.keys(require.cache)));
