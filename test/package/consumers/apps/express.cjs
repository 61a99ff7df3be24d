const { convertMiddleware } = require('convert-middleware/express');
const express = require('express');
const { options, report } = require('./report.cjs');

const app = express();
const middleware = convertMiddleware(options());
app.use(middleware);
app.get('/', (req, res) => {
  res.send(req.convert.runExperience('homepage-hero')?.key);
});
report(app.listen(0, '127.0.0.1'), middleware.convert);
