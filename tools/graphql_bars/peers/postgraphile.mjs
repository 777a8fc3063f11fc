// PostGraphile 5 over the peers' schema: the amber preset in production mode, its own pool of ten connections and its
// own prepared statements. Development aids (a browser's query page, explaining, watching) are off.
import {createServer} from 'node:http';
import {grafserv} from 'postgraphile/grafserv/node';
import {makePgService} from 'postgraphile/adaptors/pg';
import {postgraphile} from 'postgraphile';
import {PostGraphileAmberPreset} from 'postgraphile/presets/amber';

const pgl = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({connectionString: process.env.PEER_DATABASE, schemas: ['peer'], poolConfig: {max: 10}})],
  grafast: {explain: false},
  grafserv: {graphiql: false, watch: false, websockets: false}
});
const server = createServer({keepAliveTimeout: 600_000}); // the bench asks the others in between
await pgl.createServ(grafserv).addTo(server);
server.listen(Number(process.env.PEER_PORT), '127.0.0.1');
