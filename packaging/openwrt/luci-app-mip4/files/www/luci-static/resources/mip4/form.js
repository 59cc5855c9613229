'use strict';
'require baseclass';
'require form';
'require request';

/*
 * A form out of the configuration's schema: ROLE.json beside this file holds its tables and keys, made
 * from the same definitions that the program checks its configuration with.
 */

/* An option that is left empty has the schema's default, which is shown in its place. */
function addOption(section, key) {
	var option;

	if (key.kind == 'flag') {
		option = section.option(form.ListValue, key.name, key.name, key.description);
		option.value('', _('default') + (key.placeholder ? ' (' + key.placeholder + ')' : ''));
		option.value('1', _('yes'));
		option.value('0', _('no'));
	}
	else if (key.kind == 'choice') {
		option = section.option(form.ListValue, key.name, key.name, key.description);
		if (!key.required)
			option.value('', _('default') + (key.placeholder ? ' (' + key.placeholder + ')' : ''));
		key.values.forEach((value) => { option.value(value); });
	}
	else {
		option = section.option(key.kind == 'list' ? form.DynamicList : form.Value, key.name, key.name, key.description);
		option.placeholder = key.placeholder;
	}

	if (key.datatype)
		option.datatype = key.datatype;
	if (key.secret)
		option.password = true;
	option.optional = !key.required;
	option.rmempty = !key.required;
}

return baseclass.extend({
	load: (role) => request.get(L.resource('mip4/' + role + '.json')).then((answer) => answer.json()),

	render: (role, title, tables) => {
		var map = new form.Map('mip4-' + role, title,
			_('What is wrong with a configuration is written to the system log, and the one before it stays.'));

		var service = map.section(form.NamedSection, 'service', 'service', _('Service'));
		service.option(form.Flag, 'enabled', _('Enabled'));
		var board = service.option(form.Value, 'board', _('Board'),
			_('Whose interface names are taken where none are named below: auto, or a name that "mip4-%s boards" lists.').format(role));
		board.optional = true;

		tables.forEach((table) => {
			var section = map.section(form.TypedSection, table.type, table.title, table.description);
			section.anonymous = true;
			section.addremove = true;
			table.keys.forEach((key) => { addOption(section, key); });
		});

		return map.render();
	}
});
