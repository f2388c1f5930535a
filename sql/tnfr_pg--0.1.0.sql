-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION tnfr_pg" to load this file. \quit

-- functions over networks in tables

CREATE FUNCTION tnfr_dnfr_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION tnfr_dnfr_support(internal) IS
	'planner support: rows and cost of functions over a network in tables';

CREATE FUNCTION tnfr_dnfr(edges regclass, nodes regclass,
		form text DEFAULT 'gradient', directed boolean DEFAULT false,
		weights jsonb DEFAULT NULL)
	RETURNS TABLE (node bigint, dnfr double precision)
	AS 'MODULE_PATHNAME', 'tnfr_dnfr_tables' LANGUAGE C STABLE PARALLEL RESTRICTED
	COST 10000 ROWS 1000 SUPPORT tnfr_dnfr_support;

COMMENT ON FUNCTION tnfr_dnfr(regclass, regclass, text, boolean, jsonb) IS
	'structural reorganisation gradient (Delta-NFR) of every node of a network, ascending by node';

-- graphs as values

CREATE TYPE tnfr_graph;

CREATE FUNCTION tnfr_graph_in(cstring) RETURNS tnfr_graph
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_out(tnfr_graph) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_recv(internal) RETURNS tnfr_graph
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_send(tnfr_graph) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE tnfr_graph (
	INPUT = tnfr_graph_in,
	OUTPUT = tnfr_graph_out,
	RECEIVE = tnfr_graph_recv,
	SEND = tnfr_graph_send,
	INTERNALLENGTH = variable,
	ALIGNMENT = int4,
	STORAGE = external
);

COMMENT ON TYPE tnfr_graph IS
	'a network''s topology: ids of the nodes, edges, weights';

CREATE FUNCTION tnfr_graph_eq(tnfr_graph, tnfr_graph) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_ne(tnfr_graph, tnfr_graph) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_hash(tnfr_graph) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE OPERATOR = (
	LEFTARG = tnfr_graph, RIGHTARG = tnfr_graph, PROCEDURE = tnfr_graph_eq,
	COMMUTATOR = = , NEGATOR = <> ,
	RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);

CREATE OPERATOR <> (
	LEFTARG = tnfr_graph, RIGHTARG = tnfr_graph, PROCEDURE = tnfr_graph_ne,
	COMMUTATOR = <> , NEGATOR = = ,
	RESTRICT = neqsel, JOIN = neqjoinsel
);

CREATE OPERATOR CLASS tnfr_graph_ops
	DEFAULT FOR TYPE tnfr_graph USING hash AS
	OPERATOR 1 = ,
	FUNCTION 1 tnfr_graph_hash(tnfr_graph);

CREATE FUNCTION tnfr_graph_nodes(graph tnfr_graph) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_entries(graph tnfr_graph) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_edge_count(graph tnfr_graph) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_density(graph tnfr_graph) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_directed(graph tnfr_graph) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_weighted(graph tnfr_graph) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_bytes(graph tnfr_graph) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_edges(graph tnfr_graph)
	RETURNS TABLE (src bigint, dst bigint, weight double precision)
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	COST 1000 ROWS 100000;

COMMENT ON OPERATOR = (tnfr_graph, tnfr_graph) IS
	'equal: the same nodes, edges and weights';
COMMENT ON OPERATOR <> (tnfr_graph, tnfr_graph) IS
	'not equal';
COMMENT ON OPERATOR CLASS tnfr_graph_ops USING hash IS
	'equality of graphs';

COMMENT ON FUNCTION tnfr_graph_in(cstring) IS
	'a graph from its text form, base64';
COMMENT ON FUNCTION tnfr_graph_out(tnfr_graph) IS
	'text form of a graph, base64';
COMMENT ON FUNCTION tnfr_graph_recv(internal) IS
	'a graph from its binary form';
COMMENT ON FUNCTION tnfr_graph_send(tnfr_graph) IS
	'binary form of a graph';
COMMENT ON FUNCTION tnfr_graph_eq(tnfr_graph, tnfr_graph) IS
	'implementation of = operator';
COMMENT ON FUNCTION tnfr_graph_ne(tnfr_graph, tnfr_graph) IS
	'implementation of <> operator';
COMMENT ON FUNCTION tnfr_graph_hash(tnfr_graph) IS
	'hash of a graph';
COMMENT ON FUNCTION tnfr_graph_nodes(tnfr_graph) IS
	'number of nodes of a graph';
COMMENT ON FUNCTION tnfr_graph_entries(tnfr_graph) IS
	'number of entries of a graph: neighbours of all nodes together';
COMMENT ON FUNCTION tnfr_graph_edge_count(tnfr_graph) IS
	'number of edges of a graph';
COMMENT ON FUNCTION tnfr_graph_density(tnfr_graph) IS
	'edges that are no loops, divided by the number of pairs of nodes';
COMMENT ON FUNCTION tnfr_graph_directed(tnfr_graph) IS
	'is the graph directed?';
COMMENT ON FUNCTION tnfr_graph_weighted(tnfr_graph) IS
	'has any edge of the graph a weight other than 1?';
COMMENT ON FUNCTION tnfr_graph_bytes(tnfr_graph) IS
	'size of a graph in bytes';
COMMENT ON FUNCTION tnfr_graph_edges(tnfr_graph) IS
	'edges of a graph, ascending by (src, dst, weight); undirected: src <= dst';

-- aggregate: a graph of rows

CREATE FUNCTION tnfr_graph_agg_add(internal, bigint, bigint) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_agg_add(internal, bigint, bigint, double precision)
	RETURNS internal
	AS 'MODULE_PATHNAME', 'tnfr_graph_agg_add_weighted' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_agg_add(internal, bigint, bigint, boolean)
	RETURNS internal
	AS 'MODULE_PATHNAME', 'tnfr_graph_agg_add_directed' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_agg_add(internal, bigint, bigint, double precision,
		boolean)
	RETURNS internal
	AS 'MODULE_PATHNAME', 'tnfr_graph_agg_add_weighted_directed' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_agg_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_agg_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_agg_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_agg_final(internal) RETURNS tnfr_graph
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION tnfr_graph_agg_add(internal, bigint, bigint) IS
	'aggregate transition function';
COMMENT ON FUNCTION tnfr_graph_agg_add(internal, bigint, bigint, double precision) IS
	'aggregate transition function';
COMMENT ON FUNCTION tnfr_graph_agg_add(internal, bigint, bigint, boolean) IS
	'aggregate transition function';
COMMENT ON FUNCTION tnfr_graph_agg_add(internal, bigint, bigint, double precision, boolean) IS
	'aggregate transition function';
COMMENT ON FUNCTION tnfr_graph_agg_combine(internal, internal) IS
	'aggregate combine function';
COMMENT ON FUNCTION tnfr_graph_agg_serialize(internal) IS
	'aggregate serial function';
COMMENT ON FUNCTION tnfr_graph_agg_deserialize(bytea, internal) IS
	'aggregate deserial function';
COMMENT ON FUNCTION tnfr_graph_agg_final(internal) IS
	'aggregate final function';

CREATE AGGREGATE tnfr_graph_agg(src bigint, dst bigint) (
	SFUNC = tnfr_graph_agg_add,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = tnfr_graph_agg_final,
	FINALFUNC_MODIFY = read_write,
	COMBINEFUNC = tnfr_graph_agg_combine,
	SERIALFUNC = tnfr_graph_agg_serialize,
	DESERIALFUNC = tnfr_graph_agg_deserialize,
	PARALLEL = SAFE
);

CREATE AGGREGATE tnfr_graph_agg(src bigint, dst bigint, weight double precision) (
	SFUNC = tnfr_graph_agg_add,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = tnfr_graph_agg_final,
	FINALFUNC_MODIFY = read_write,
	COMBINEFUNC = tnfr_graph_agg_combine,
	SERIALFUNC = tnfr_graph_agg_serialize,
	DESERIALFUNC = tnfr_graph_agg_deserialize,
	PARALLEL = SAFE
);

CREATE AGGREGATE tnfr_graph_agg(src bigint, dst bigint, directed boolean) (
	SFUNC = tnfr_graph_agg_add,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = tnfr_graph_agg_final,
	FINALFUNC_MODIFY = read_write,
	COMBINEFUNC = tnfr_graph_agg_combine,
	SERIALFUNC = tnfr_graph_agg_serialize,
	DESERIALFUNC = tnfr_graph_agg_deserialize,
	PARALLEL = SAFE
);

CREATE AGGREGATE tnfr_graph_agg(src bigint, dst bigint, weight double precision,
		directed boolean) (
	SFUNC = tnfr_graph_agg_add,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = tnfr_graph_agg_final,
	FINALFUNC_MODIFY = read_write,
	COMBINEFUNC = tnfr_graph_agg_combine,
	SERIALFUNC = tnfr_graph_agg_serialize,
	DESERIALFUNC = tnfr_graph_agg_deserialize,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE tnfr_graph_agg(bigint, bigint) IS
	'the undirected graph of edges (src, dst)';
COMMENT ON AGGREGATE tnfr_graph_agg(bigint, bigint, double precision) IS
	'the undirected graph of weighted edges (src, dst, weight)';
COMMENT ON AGGREGATE tnfr_graph_agg(bigint, bigint, boolean) IS
	'the graph of edges (src, dst), directed or not';
COMMENT ON AGGREGATE tnfr_graph_agg(bigint, bigint, double precision, boolean) IS
	'the graph of weighted edges (src, dst, weight), directed or not';

-- sense index, metrics and pair coherence of networks in tables

CREATE FUNCTION tnfr_pairs_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION tnfr_pairs_support(internal) IS
	'planner support: rows and cost of functions that return a row an edge';

CREATE FUNCTION tnfr_si(edges regclass, nodes regclass,
		form text DEFAULT 'canonical', directed boolean DEFAULT false,
		weights jsonb DEFAULT NULL, vf_max double precision DEFAULT NULL,
		dnfr_max double precision DEFAULT NULL)
	RETURNS TABLE (node bigint, si double precision)
	AS 'MODULE_PATHNAME', 'tnfr_si_tables' LANGUAGE C STABLE PARALLEL RESTRICTED
	COST 10000 ROWS 1000 SUPPORT tnfr_dnfr_support;

COMMENT ON FUNCTION tnfr_si(regclass, regclass, text, boolean, jsonb, double precision, double precision) IS
	'sense index of every node of a network, ascending by node';

CREATE FUNCTION tnfr_node_metrics(edges regclass, nodes regclass,
		form text DEFAULT 'canonical', directed boolean DEFAULT false,
		weights jsonb DEFAULT NULL)
	RETURNS TABLE (node bigint, degree bigint, strength double precision,
		dnfr double precision, si double precision,
		phase_dispersion double precision, local_sync double precision,
		state text)
	AS 'MODULE_PATHNAME', 'tnfr_node_metrics_tables' LANGUAGE C STABLE PARALLEL RESTRICTED
	COST 10000 ROWS 1000 SUPPORT tnfr_dnfr_support;

COMMENT ON FUNCTION tnfr_node_metrics(regclass, regclass, text, boolean, jsonb) IS
	'measures of every node of a network, ascending by node';

CREATE FUNCTION tnfr_network_metrics(edges regclass, nodes regclass,
		form text DEFAULT 'canonical', directed boolean DEFAULT false,
		weights jsonb DEFAULT NULL,
		OUT nodes bigint, OUT edges bigint, OUT entries bigint,
		OUT isolated bigint, OUT density double precision,
		OUT mean_degree double precision, OUT coherence double precision,
		OUT order_parameter double precision, OUT mean_phase double precision,
		OUT phase_sync double precision, OUT mean_dnfr double precision,
		OUT max_dnfr double precision, OUT mean_rate double precision,
		OUT max_rate double precision, OUT mean_epi double precision,
		OUT mean_vf double precision, OUT max_vf double precision,
		OUT mean_si double precision, OUT mean_local_sync double precision,
		OUT stable_share double precision, OUT si_high_share double precision,
		OUT si_low_share double precision,
		OUT stable_state_share double precision,
		OUT dissonant_state_share double precision,
		OUT transition_state_share double precision)
	AS 'MODULE_PATHNAME', 'tnfr_network_metrics_tables' LANGUAGE C STABLE PARALLEL RESTRICTED
	COST 10000 SUPPORT tnfr_dnfr_support;

COMMENT ON FUNCTION tnfr_network_metrics(regclass, regclass, text, boolean, jsonb) IS
	'measures of a whole network, one row';

CREATE FUNCTION tnfr_pair_coherence(edges regclass, nodes regclass,
		form text DEFAULT 'canonical', directed boolean DEFAULT false,
		weights jsonb DEFAULT NULL)
	RETURNS TABLE (src bigint, dst bigint, coherence double precision)
	AS 'MODULE_PATHNAME', 'tnfr_pair_coherence_tables' LANGUAGE C STABLE PARALLEL RESTRICTED
	COST 10000 ROWS 1000 SUPPORT tnfr_pairs_support;

COMMENT ON FUNCTION tnfr_pair_coherence(regclass, regclass, text, boolean, jsonb) IS
	'coherence of the two ends of every edge of a network, ascending by src and dst';

CREATE FUNCTION tnfr_partition(edges regclass, nodes regclass,
		max_size integer DEFAULT NULL, threshold double precision DEFAULT 0.3,
		k integer DEFAULT 50, candidates text DEFAULT 'spatial')
	RETURNS TABLE (node bigint, community bigint, partition bigint)
	AS 'MODULE_PATHNAME', 'tnfr_partition_tables' LANGUAGE C STABLE PARALLEL RESTRICTED
	COST 100000 ROWS 1000 SUPPORT tnfr_dnfr_support;

COMMENT ON FUNCTION tnfr_partition(regclass, regclass, integer, double precision, integer, text) IS
	'community and partition of every node, ascending by node';

CREATE FUNCTION tnfr_partition_summary(edges regclass, nodes regclass,
		max_size integer DEFAULT NULL, threshold double precision DEFAULT 0.3,
		k integer DEFAULT 50, candidates text DEFAULT 'spatial',
		workers integer DEFAULT NULL)
	RETURNS TABLE (partition bigint, size bigint, communities bigint,
		mean_vf double precision, coherence double precision,
		entries bigint, cut_entries bigint, halo bigint, worker integer,
		cap bigint, density double precision,
		clustering double precision, clustering_exact boolean)
	AS 'MODULE_PATHNAME', 'tnfr_partition_summary_tables' LANGUAGE C STABLE PARALLEL RESTRICTED
	COST 100000 ROWS 100;

COMMENT ON FUNCTION tnfr_partition_summary(regclass, regclass, integer, double precision, integer, text, integer) IS
	'partitions, a row each: size, coherence, what they read of each other, and the worker they go to';

-- functions over stored graphs

CREATE FUNCTION tnfr_graph_dnfr(graph tnfr_graph, nodes regclass,
		form text DEFAULT 'gradient', weights jsonb DEFAULT NULL)
	RETURNS TABLE (node bigint, dnfr double precision)
	AS 'MODULE_PATHNAME', 'tnfr_dnfr_stored' LANGUAGE C STABLE PARALLEL RESTRICTED
	COST 10000 ROWS 1000 SUPPORT tnfr_dnfr_support;

COMMENT ON FUNCTION tnfr_graph_dnfr(tnfr_graph, regclass, text, jsonb) IS
	'structural reorganisation gradient (Delta-NFR) of every node of a stored graph, ascending by node';

CREATE FUNCTION tnfr_graph_si(graph tnfr_graph, nodes regclass,
		form text DEFAULT 'canonical',
		weights jsonb DEFAULT NULL, vf_max double precision DEFAULT NULL,
		dnfr_max double precision DEFAULT NULL)
	RETURNS TABLE (node bigint, si double precision)
	AS 'MODULE_PATHNAME', 'tnfr_si_stored' LANGUAGE C STABLE PARALLEL RESTRICTED
	COST 10000 ROWS 1000 SUPPORT tnfr_dnfr_support;

COMMENT ON FUNCTION tnfr_graph_si(tnfr_graph, regclass, text, jsonb, double precision, double precision) IS
	'sense index of every node of a stored graph, ascending by node';

CREATE FUNCTION tnfr_graph_node_metrics(graph tnfr_graph, nodes regclass,
		form text DEFAULT 'canonical', weights jsonb DEFAULT NULL)
	RETURNS TABLE (node bigint, degree bigint, strength double precision,
		dnfr double precision, si double precision,
		phase_dispersion double precision, local_sync double precision,
		state text)
	AS 'MODULE_PATHNAME', 'tnfr_node_metrics_stored' LANGUAGE C STABLE PARALLEL RESTRICTED
	COST 10000 ROWS 1000 SUPPORT tnfr_dnfr_support;

COMMENT ON FUNCTION tnfr_graph_node_metrics(tnfr_graph, regclass, text, jsonb) IS
	'measures of every node of a stored graph, ascending by node';

CREATE FUNCTION tnfr_graph_network_metrics(graph tnfr_graph, nodes regclass,
		form text DEFAULT 'canonical',
		weights jsonb DEFAULT NULL,
		OUT nodes bigint, OUT edges bigint, OUT entries bigint,
		OUT isolated bigint, OUT density double precision,
		OUT mean_degree double precision, OUT coherence double precision,
		OUT order_parameter double precision, OUT mean_phase double precision,
		OUT phase_sync double precision, OUT mean_dnfr double precision,
		OUT max_dnfr double precision, OUT mean_rate double precision,
		OUT max_rate double precision, OUT mean_epi double precision,
		OUT mean_vf double precision, OUT max_vf double precision,
		OUT mean_si double precision, OUT mean_local_sync double precision,
		OUT stable_share double precision, OUT si_high_share double precision,
		OUT si_low_share double precision,
		OUT stable_state_share double precision,
		OUT dissonant_state_share double precision,
		OUT transition_state_share double precision)
	AS 'MODULE_PATHNAME', 'tnfr_network_metrics_stored' LANGUAGE C STABLE PARALLEL RESTRICTED
	COST 10000 SUPPORT tnfr_dnfr_support;

COMMENT ON FUNCTION tnfr_graph_network_metrics(tnfr_graph, regclass, text, jsonb) IS
	'measures of a whole stored graph, one row';

CREATE FUNCTION tnfr_graph_pair_coherence(graph tnfr_graph, nodes regclass,
		form text DEFAULT 'canonical', weights jsonb DEFAULT NULL)
	RETURNS TABLE (src bigint, dst bigint, coherence double precision)
	AS 'MODULE_PATHNAME', 'tnfr_pair_coherence_stored' LANGUAGE C STABLE PARALLEL RESTRICTED
	COST 10000 ROWS 100000;

COMMENT ON FUNCTION tnfr_graph_pair_coherence(tnfr_graph, regclass, text, jsonb) IS
	'coherence of the two ends of every edge of a stored graph, ascending by src and dst';

CREATE FUNCTION tnfr_graph_partition(graph tnfr_graph, nodes regclass,
		max_size integer DEFAULT NULL, threshold double precision DEFAULT 0.3,
		k integer DEFAULT 50, candidates text DEFAULT 'spatial')
	RETURNS TABLE (node bigint, community bigint, partition bigint)
	AS 'MODULE_PATHNAME', 'tnfr_partition_stored' LANGUAGE C STABLE PARALLEL RESTRICTED
	COST 100000 ROWS 1000 SUPPORT tnfr_dnfr_support;

COMMENT ON FUNCTION tnfr_graph_partition(tnfr_graph, regclass, integer, double precision, integer, text) IS
	'community and partition of every node of a stored graph, ascending by node';

CREATE FUNCTION tnfr_graph_partition_summary(graph tnfr_graph, nodes regclass,
		max_size integer DEFAULT NULL, threshold double precision DEFAULT 0.3,
		k integer DEFAULT 50, candidates text DEFAULT 'spatial',
		workers integer DEFAULT NULL)
	RETURNS TABLE (partition bigint, size bigint, communities bigint,
		mean_vf double precision, coherence double precision,
		entries bigint, cut_entries bigint, halo bigint, worker integer,
		cap bigint, density double precision,
		clustering double precision, clustering_exact boolean)
	AS 'MODULE_PATHNAME', 'tnfr_partition_summary_stored' LANGUAGE C STABLE PARALLEL RESTRICTED
	COST 100000 ROWS 100;

COMMENT ON FUNCTION tnfr_graph_partition_summary(tnfr_graph, regclass, integer, double precision, integer, text, integer) IS
	'partitions of a stored graph, a row each: size, coherence, what they read of each other, and the worker they go to';

-- aggregates

CREATE FUNCTION tnfr_dnfr_accum(bytea, double precision, double precision,
		double precision, double precision, double precision) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION tnfr_dnfr_accum(bytea, double precision, double precision,
		double precision, double precision, double precision) IS
	'aggregate transition function';

CREATE FUNCTION tnfr_dnfr_accum(bytea, double precision, double precision,
		double precision, double precision, double precision, double precision) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION tnfr_dnfr_accum(bytea, double precision, double precision,
		double precision, double precision, double precision, double precision) IS
	'aggregate transition function';

CREATE FUNCTION tnfr_dnfr_combine(bytea, bytea) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION tnfr_dnfr_combine(bytea, bytea) IS
	'aggregate combine function';

CREATE FUNCTION tnfr_dnfr_final(bytea) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION tnfr_dnfr_final(bytea) IS
	'aggregate final function';

CREATE AGGREGATE tnfr_dnfr_agg(vf double precision, epi double precision, phase double precision,
		nbr_epi double precision, nbr_phase double precision) (
	SFUNC = tnfr_dnfr_accum,
	STYPE = bytea,
	SSPACE = 256,
	FINALFUNC = tnfr_dnfr_final,
	COMBINEFUNC = tnfr_dnfr_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE tnfr_dnfr_agg(double precision, double precision, double precision,
		double precision, double precision) IS
	'Delta-NFR of form gradient of a node, over its neighbours';

CREATE AGGREGATE tnfr_dnfr_agg(vf double precision, epi double precision, phase double precision,
		nbr_epi double precision, nbr_phase double precision, weight double precision) (
	SFUNC = tnfr_dnfr_accum,
	STYPE = bytea,
	SSPACE = 256,
	FINALFUNC = tnfr_dnfr_final,
	COMBINEFUNC = tnfr_dnfr_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE tnfr_dnfr_agg(double precision, double precision, double precision,
		double precision, double precision, double precision) IS
	'Delta-NFR of form gradient of a node, over its weighted neighbours';

CREATE FUNCTION tnfr_order_parameter_accum(bytea, double precision) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION tnfr_order_parameter_accum(bytea, double precision) IS
	'aggregate transition function';

CREATE FUNCTION tnfr_order_parameter_remove(bytea, double precision) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION tnfr_order_parameter_remove(bytea, double precision) IS
	'aggregate inverse transition function';

CREATE FUNCTION tnfr_order_parameter_combine(bytea, bytea) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION tnfr_order_parameter_combine(bytea, bytea) IS
	'aggregate combine function';

CREATE FUNCTION tnfr_order_parameter_final(bytea) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION tnfr_order_parameter_final(bytea) IS
	'aggregate final function';

CREATE AGGREGATE tnfr_order_parameter(phase double precision) (
	SFUNC = tnfr_order_parameter_accum,
	STYPE = bytea,
	SSPACE = 128,
	FINALFUNC = tnfr_order_parameter_final,
	COMBINEFUNC = tnfr_order_parameter_combine,
	MSFUNC = tnfr_order_parameter_accum,
	MINVFUNC = tnfr_order_parameter_remove,
	MSTYPE = bytea,
	MSSPACE = 128,
	MFINALFUNC = tnfr_order_parameter_final,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE tnfr_order_parameter(double precision) IS
	'Kuramoto order parameter R of phases in radians';

CREATE FUNCTION tnfr_coherence_accum(bytea, double precision) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION tnfr_coherence_accum(bytea, double precision) IS
	'aggregate transition function';

CREATE FUNCTION tnfr_coherence_accum(bytea, double precision, double precision) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION tnfr_coherence_accum(bytea, double precision, double precision) IS
	'aggregate transition function';

CREATE FUNCTION tnfr_coherence_remove(bytea, double precision) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION tnfr_coherence_remove(bytea, double precision) IS
	'aggregate inverse transition function';

CREATE FUNCTION tnfr_coherence_remove(bytea, double precision, double precision) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION tnfr_coherence_remove(bytea, double precision, double precision) IS
	'aggregate inverse transition function';

CREATE FUNCTION tnfr_coherence_combine(bytea, bytea) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION tnfr_coherence_combine(bytea, bytea) IS
	'aggregate combine function';

CREATE FUNCTION tnfr_coherence_final(bytea) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION tnfr_coherence_final(bytea) IS
	'aggregate final function';

CREATE AGGREGATE tnfr_coherence_agg(dnfr double precision) (
	SFUNC = tnfr_coherence_accum,
	STYPE = bytea,
	SSPACE = 128,
	FINALFUNC = tnfr_coherence_final,
	COMBINEFUNC = tnfr_coherence_combine,
	MSFUNC = tnfr_coherence_accum,
	MINVFUNC = tnfr_coherence_remove,
	MSTYPE = bytea,
	MSSPACE = 128,
	MFINALFUNC = tnfr_coherence_final,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE tnfr_coherence_agg(double precision) IS
	'coherence C of nodes at rest from their Delta-NFR';

CREATE AGGREGATE tnfr_coherence_agg(dnfr double precision, depi double precision) (
	SFUNC = tnfr_coherence_accum,
	STYPE = bytea,
	SSPACE = 128,
	FINALFUNC = tnfr_coherence_final,
	COMBINEFUNC = tnfr_coherence_combine,
	MSFUNC = tnfr_coherence_accum,
	MINVFUNC = tnfr_coherence_remove,
	MSTYPE = bytea,
	MSSPACE = 128,
	MFINALFUNC = tnfr_coherence_final,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE tnfr_coherence_agg(double precision, double precision) IS
	'coherence C of nodes from their Delta-NFR and dEPI/dt';

-- devices

CREATE FUNCTION tnfr_backends()
	RETURNS TABLE (backend text, available boolean, reason text,
		threads integer, device integer, name text, compute_capability text,
		memory bigint, free_memory bigint, state text, graphs bigint,
		graph_bytes bigint, pid integer, starts bigint)
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 3;

COMMENT ON FUNCTION tnfr_backends() IS
	'what can compute: serial, openmp and cuda, whether it is available and why not';

CREATE FUNCTION tnfr_gpu_device_list()
	RETURNS TABLE (device integer, name text, compute_capability text,
		memory bigint, free_memory bigint, state text, graphs bigint,
		graph_bytes bigint, pid integer, starts bigint, reason text)
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 1;

COMMENT ON FUNCTION tnfr_gpu_device_list() IS
	'devices that have been used, as they were known last; nothing is started';

CREATE VIEW tnfr_gpu_devices AS SELECT * FROM tnfr_gpu_device_list();

COMMENT ON VIEW tnfr_gpu_devices IS
	'devices that have been used since the server started; nothing is started';

GRANT SELECT ON tnfr_gpu_devices TO PUBLIC;

CREATE FUNCTION tnfr_gpu_stat()
	RETURNS TABLE (role regrole, jobs bigint, done bigint, failed bigint,
		cancelled bigint, refused bigint, reused bigint, entries bigint, bytes_in bigint,
		bytes_out bigint, queued_ms double precision, open_ms double precision,
		device_ms double precision, fallbacks jsonb, last_reason text,
		last_reason_at timestamptz)
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 16;

COMMENT ON FUNCTION tnfr_gpu_stat() IS
	'counters of jobs on devices, a row a role; the reasons of other roles are masked';

CREATE VIEW tnfr_stat_gpu AS SELECT * FROM tnfr_gpu_stat();

COMMENT ON VIEW tnfr_stat_gpu IS
	'counters of jobs on devices since the server started or tnfr_gpu_stat_reset(), a row a role';

GRANT SELECT ON tnfr_stat_gpu TO PUBLIC;

CREATE FUNCTION tnfr_gpu_stat_reset() RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL RESTRICTED;

COMMENT ON FUNCTION tnfr_gpu_stat_reset() IS
	'sets the counters of jobs on devices to zero, for all roles';

REVOKE ALL ON FUNCTION tnfr_gpu_stat_reset() FROM PUBLIC;

CREATE FUNCTION tnfr_gpu_jobs()
	RETURNS TABLE (pid integer, role regrole, database oid, device integer,
		state text, nodes bigint, entries bigint, resident boolean,
		commands bigint, commands_done bigint, queued_at timestamptz,
		started_at timestamptz)
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 4;

COMMENT ON FUNCTION tnfr_gpu_jobs() IS
	'jobs that wait for a device or have it; of other roles without what they compute';

CREATE VIEW tnfr_gpu_activity AS SELECT * FROM tnfr_gpu_jobs();

COMMENT ON VIEW tnfr_gpu_activity IS
	'jobs that wait for a device or have it, a row a session';

GRANT SELECT ON tnfr_gpu_activity TO PUBLIC;
