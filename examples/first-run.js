/** Two headlines, without an account: the server picks one for each visitor. Run: node examples/first-run.js */
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';

const middleware = convertMiddleware({
  project: { experiences: { 'homepage-hero': ['original', 'version-b'] } },
});
middleware.convert.on('decision', ({ experienceKey, variationKey, reason }) => {
  console.log(`${experienceKey}: ${variationKey} (${reason})`);
});

const app = express();
app.use(middleware);
app.get('/', (req, res) => {
  const hero = req.convert.runExperience('homepage-hero');
  res.send(`<h1>${hero?.key === 'version-b' ? 'Hello, B' : 'Hello'}</h1>`);
});
const server = app.listen(process.env.PORT ?? 3000, () => {
  console.log(`http://localhost:${server.address().port}`);
});
