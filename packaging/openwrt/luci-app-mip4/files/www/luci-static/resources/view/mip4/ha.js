'use strict';
'require view';
'require mip4.form as mip4form';

/* The configuration of the home agent. */
return view.extend({
	load: () => mip4form.load('ha'),

	render: (tables) => mip4form.render('ha', _('Mobile IPv4 home agent'), tables)
});
