'use strict';
'require view';
'require rpc';
'require poll';
'require dom';

/* What the programs that run on this router are doing, who is registered, and the last handovers. */

var NAMES = { fa: _('Foreign agent'), mn: _('Mobile node'), ha: _('Home agent') };
var HEALTH = [ _('OK'), _('WARNING'), _('CRITICAL'), _('UNKNOWN') ];
/* Seconds after which what a program has said of itself is old. */
var OLD = 30;
var SVG = 'http://www.w3.org/2000/svg';

var callStatus = rpc.declare({ object: 'mip4', method: 'status' });
var callRows = {
	visitors: rpc.declare({ object: 'mip4', method: 'visitors', expect: { rows: [] } }),
	bindings: rpc.declare({ object: 'mip4', method: 'bindings', expect: { rows: [] } }),
	history: rpc.declare({ object: 'mip4', method: 'history', expect: { rows: [] } })
};

function duration(seconds) {
	if (seconds == null)
		return '-';
	if (seconds < 60)
		return _('%d s').format(seconds);
	if (seconds < 3600)
		return _('%d min').format(seconds / 60);
	return _('%d h').format(seconds / 3600);
}

function text(value) {
	if (value == null || value === '')
		return '-';
	return Array.isArray(value) ? value.join(', ') : String(value);
}

/* Since the last registration: what of its lifetime is used up; 65535 has no end. */
function age(row) {
	if (row.lifetime == null || row.lifetime_remaining == null)
		return '-';
	return _('%s ago').format(duration(row.lifetime - row.lifetime_remaining));
}

function table(id, title, columns, rows, nobody) {
	return E('div', { 'class': 'cbi-section', 'id': id }, [
		E('h3', [ title ]),
		E('table', { 'class': 'table' }, [
			E('tr', { 'class': 'tr table-titles' }, columns.map((column) => E('th', { 'class': 'th' }, [ column[0] ])))
		].concat(rows.length ? rows.map((row) => E('tr', { 'class': 'tr' }, columns.map((column) => E('td', { 'class': 'td' }, [ column[1](row) ])))) : [
			E('tr', { 'class': 'tr placeholder' }, [ E('td', { 'class': 'td', 'colspan': columns.length }, [ E('em', [ nobody ]) ]) ])
		]))
	]);
}

function key(name) {
	return (row) => text(row[name]);
}

var VISITORS = [
	[ _('Home address'), key('home_address') ],
	[ _('Home agent'), key('home_agent') ],
	[ _('Link'), key('interface') ],
	[ _('MAC'), key('mac') ],
	[ _('State'), key('state') ],
	[ _('Last registration'), age ],
	[ _('Ends in'), (row) => duration(row.lifetime_remaining) ]
];

var BINDINGS = [
	[ _('Home address'), key('home_address') ],
	[ _('Care-of address'), key('care_of_address') ],
	[ _('Tunnel'), key('encapsulation') ],
	[ _('Networks'), key('networks') ],
	[ _('Last registration'), age ],
	[ _('Ends in'), (row) => duration(row.lifetime_remaining) ]
];

var HANDOVERS = [
	[ _('When'), key('time') ],
	[ _('From'), key('from') ],
	[ _('To'), key('to') ],
	[ _('Took'), (row) => _('%d ms').format(row.duration_ms) ],
	[ _('Gap'), (row) => row.gap_ms == null ? '-' : _('%d ms').format(row.gap_ms) ]
];

function summary(role, program) {
	var status = program.status || {};
	var old = Date.now() / 1000 - program.time > OLD;
	var health = old ? 2 : program.health;
	var lines = [
		[ _('Health'), old ? _('no sign of life') : HEALTH[health] ],
		[ _('State'), text(status.state) ],
		[ _('Running for'), duration(status.uptime) ]
	];

	if (role == 'mn')
		lines.push(
			[ _('Home address'), text(status.home_address) ],
			[ _('Care-of address'), text(status.care_of_address) ],
			[ _('Agent'), text(status.agent) ],
			[ _('Interface'), text(status.interface) ],
			[ _('Ends in'), duration(status.lifetime_remaining) ]);
	else
		lines.push([ role == 'fa' ? _('Visitors') : _('Bindings'), text(role == 'fa' ? status.visitors : status.bindings) ]);

	(status.problems || []).forEach((problem) => { lines.push([ _('Problem'), problem ]); });
	if (status.last_error)
		lines.push([ _('Last error'), status.last_error ]);

	return E('div', { 'class': 'cbi-section', 'id': 'program-' + role }, [
		E('h3', [ NAMES[role] ]),
		E('table', { 'class': 'table' }, lines.map((line) => E('tr', { 'class': 'tr' }, [
				E('td', { 'class': 'td left', 'width': '33%' }, [ line[0] ]),
				E('td', { 'class': 'td left' }, [ line[1] ])
			])))
	]);
}

function svg(name, attributes, content) {
	var node = document.createElementNS(SVG, name);
	for (var attribute in attributes)
		node.setAttribute(attribute, attributes[attribute]);
	(content || []).forEach((child) => {
		node.appendChild(typeof child == 'string' ? document.createTextNode(child) : child);
	});
	return node;
}

/* A bar a handover, as high as it took; the dark part is the time without any agent. */
function plot(rows) {
	var width = 720, height = 160, left = 60, bottom = 18;
	var most = Math.max.apply(null, rows.map((row) => Math.max(row.duration_ms, row.gap_ms || 0)).concat(1));
	var step = (width - left) / Math.max(rows.length, 10);
	var scale = (height - bottom - 10) / most;
	var bars = rows.map((row, i) => {
		var x = left + i * step, long = row.duration_ms * scale, gap = (row.gap_ms || 0) * scale;
		return svg('g', {}, [
			svg('title', {}, [ '%s: %s → %s, %d ms'.format(row.time, row.from, row.to, row.duration_ms) ]),
			svg('rect', { 'class': 'handover', x: x + 1, y: height - bottom - long, width: Math.max(step - 2, 1), height: long, fill: '#7fb2e5' }),
			svg('rect', { 'class': 'gap', x: x + 1, y: height - bottom - gap, width: Math.max(step - 2, 1), height: gap, fill: '#1f4e79' })
		]);
	});
	var label = { 'font-size': 11, fill: 'currentColor', 'text-anchor': 'end' };
	return svg('svg', { id: 'handovers', viewBox: '0 0 ' + width + ' ' + height, width: '100%', style: 'max-width:' + width + 'px' }, [
		svg('line', { x1: left, y1: height - bottom, x2: width, y2: height - bottom, stroke: 'currentColor' }),
		svg('line', { x1: left, y1: height - bottom - most * scale, x2: width, y2: height - bottom - most * scale, stroke: 'currentColor', 'stroke-dasharray': '2 4' }),
		svg('text', Object.assign({ x: left - 6, y: height - bottom + 4 }, label), [ '0' ]),
		svg('text', Object.assign({ x: left - 6, y: height - bottom - most * scale + 4 }, label), [ '%d ms'.format(most) ]),
		svg('text', Object.assign({}, label, { x: left, y: height - 4, 'text-anchor': 'start' }), [
			_('from the oldest to the newest: how long each took, and the dark part without any agent')
		])
	].concat(bars));
}

return view.extend({
	load: () => callStatus().then((programs) => Promise.all([
				programs,
				programs.fa ? callRows.visitors() : [],
				programs.ha ? callRows.bindings() : [],
				programs.mn ? callRows.history() : []
			])),

	content: (data) => {
		var programs = data[0], parts = [];

		[ 'mn', 'fa', 'ha' ].forEach((role) => {
			if (programs[role])
				parts.push(summary(role, programs[role]));
		});
		if (!parts.length)
			parts.push(E('p', [ E('em', [ _('No Mobile IPv4 program is running.') ]) ]));
		if (programs.mn) {
			parts.push(table('history', _('Handovers'), HANDOVERS, data[3].slice(-10).reverse(), _('none yet')));
			if (data[3].length)
				parts.push(plot(data[3]));
		}
		if (programs.fa)
			parts.push(table('visitors', _('Visitors'), VISITORS, data[1], _('nobody')));
		if (programs.ha)
			parts.push(table('bindings', _('Bindings'), BINDINGS, data[2], _('nobody')));
		return E('div', parts);
	},

	render: function(data) {
		var root = E('div', { 'id': 'mip4' }, [ this.content(data) ]);

		poll.add(() => this.load().then((data) => { dom.content(root, this.content(data)); }), 5);

		return E('div', [ E('h2', [ _('Mobile IPv4') ]), root ]);
	},

	handleSave: null,
	handleSaveApply: null,
	handleReset: null
});
