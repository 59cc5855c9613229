'use strict';
'require view';
'require mip4.form as mip4form';

/* The configuration of the foreign agent. */
return view.extend({
	load: () => mip4form.load('fa'),

	render: (tables) => mip4form.render('fa', _('Mobile IPv4 foreign agent'), tables)
});
